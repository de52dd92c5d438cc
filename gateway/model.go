package gateway

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	modelsFresh = time.Minute      // how long an upstream's list is used
	modelsStale = 24 * time.Hour   // and how long when asking again fails
	modelsWait  = 10 * time.Second // how long asking may take
)

// catalog is the allow-list: configured, or the upstream's own.
type catalog struct {
	configured []Model
	dialect    Dialect
	upstream   Upstream
	now        func() time.Time

	asking singleflight.Group
	mu     sync.Mutex
	listed []Model
	at     time.Time
}

// Models returns the allow-list, the default marked. Where it is the
// upstream's, an upstream that is down is a gateway.upstream_... fault.
func (s *Service) Models(ctx context.Context) ([]Model, error) { return s.catalog.models(ctx) }

func (c *catalog) models(ctx context.Context) ([]Model, error) {
	if len(c.configured) > 0 {
		return slices.Clone(c.configured), nil
	}
	if listed, age := c.cached(); listed != nil && age < modelsFresh {
		return listed, nil
	}
	result := c.asking.DoChan("models", func() (any, error) {
		// One caller that goes away must not fail the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), modelsWait)
		defer cancel()
		return c.ask(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err == nil {
			models, _ := r.Val.([]Model)
			return slices.Clone(models), nil
		}
		if listed, age := c.cached(); listed != nil && age < modelsStale {
			return listed, nil
		}
		return nil, r.Err
	}
}

func (c *catalog) cached() ([]Model, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.listed), c.now().Sub(c.at)
}

func (c *catalog) ask(ctx context.Context) ([]Model, error) {
	names, err := c.upstream.Models(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	models := make([]Model, 0, len(names))
	for _, name := range slices.Compact(names) {
		if strings.TrimSpace(name) != "" {
			models = append(models, Model{Name: name, Dialects: dialectsFrom(c.dialect)}.withDefaults(c.dialect))
		}
	}
	markDefault(models)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed, c.at = models, c.now()
	return models, nil
}

// dialectsFrom is every served dialect, the given one first.
func dialectsFrom(first Dialect) []Dialect {
	rest := slices.DeleteFunc(slices.Clone(servedDialects), func(d Dialect) bool { return d == first })
	return append([]Dialect{first}, rest...)
}

// allowed finds a model by the name that a client sent, for a dialect if the
// client named one.
func (c *catalog) allowed(ctx context.Context, name string, dialect *Dialect) (Model, error) {
	models, err := c.models(ctx)
	if err != nil {
		return Model{}, err
	}
	i := slices.IndexFunc(models, func(m Model) bool { return m.Name == name })
	if i < 0 {
		return Model{}, ErrModelNotAllowed.On("model", "is not in the list of models")
	}
	if dialect != nil && !slices.Contains(models[i].Dialects, *dialect) {
		return Model{}, ErrRequestRefused.Saying("dialect: this model is asked in %s.", joined(models[i].Dialects)).
			On("dialect", "this model is asked in "+joined(models[i].Dialects))
	}
	return models[i], nil
}
