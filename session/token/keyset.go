package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// refetchSpacing is the least time between two fetches of one key set. It
	// bounds both what a flood of invented key ids costs the issuer and how
	// long a key that it rotated in is unknown to us.
	refetchSpacing = 10 * time.Second
	// refreshInterval is how often a set is fetched without need, so that
	// revoked keys go.
	refreshInterval = 10 * time.Minute
	// retryInterval is how soon a fetch that failed is tried again without need.
	retryInterval = 30 * time.Second
	fetchTimeout  = 5 * time.Second
	maxSetBytes   = 256 << 10
)

// keySet is another issuer's keys, kept in memory.
type keySet struct {
	issuer string
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	// onFetch is told of each fetch; nil = nobody.
	onFetch func(issuer string, err error)

	loaded atomic.Pointer[setSnapshot] // never nil

	mu      sync.Mutex
	flight  *flight   // the fetch on its way, or nil
	started time.Time // of the newest fetch; zero = none yet
	lastErr error     // of the newest finished fetch
}

// setSnapshot is one state of a set; it never changes.
type setSnapshot struct {
	epoch uint64
	keys  []publicKey
	body  string // what it was read from
}

// flight is one fetch, shared by all who wait for it.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

func newKeySet(cfg IssuerConfig, v VerifierConfig) *keySet {
	s := &keySet{
		issuer: cfg.Issuer, url: cfg.JWKSURL, client: v.HTTP, now: v.Now, log: v.Log, onFetch: v.OnFetch,
	}
	s.loaded.Store(&setSnapshot{})
	return s
}

// find returns the key that a header names, fetching the set again when it is
// not there, as often as the spacing allows. Faults: ErrUnknownKey when the
// issuer does not publish such a key, ErrKeysUnavailable when we could not ask.
func (s *keySet) find(ctx context.Context, alg, kid string) (publicKey, error) {
	if key, found := s.loaded.Load().lookup(alg, kid); found {
		return key.boundTo(alg)
	}
	err := s.refresh(ctx)
	if key, found := s.loaded.Load().lookup(alg, kid); found {
		return key.boundTo(alg)
	}
	if err != nil {
		return publicKey{}, ErrKeysUnavailable.Because(err).After(refetchSpacing)
	}
	return publicKey{}, unknownKey(alg, kid)
}

// lookup finds a key by its id. A token without one is matched only when a
// single key could have signed it.
func (s *setSnapshot) lookup(alg, kid string) (publicKey, bool) {
	var match []publicKey
	for _, k := range s.keys {
		if kid != "" && k.kid == kid {
			return k, true
		}
		if k.alg == alg {
			match = append(match, k)
		}
	}
	if kid == "" && len(match) == 1 {
		return match[0], true
	}
	return publicKey{}, false
}

func (s *keySet) epoch() uint64 { return s.loaded.Load().epoch }

// refresh fetches the set, or waits for the fetch that is on its way. Within
// the spacing it fetches nothing and returns how the last fetch went.
func (s *keySet) refresh(ctx context.Context) error {
	s.mu.Lock()
	if s.flight == nil {
		if !s.started.IsZero() && s.now().Sub(s.started) < refetchSpacing {
			defer s.mu.Unlock()
			return s.lastErr
		}
		s.started = s.now()
		s.flight = &flight{done: make(chan struct{})}
		// Detached: whoever asked first may go away, the others still wait.
		go s.fly(context.WithoutCancel(ctx), s.flight)
	}
	f := s.flight
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *keySet) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	err := s.load(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "issuer keys not fetched; the known ones stay in use",
			"issuer", s.issuer, "url", s.url, "known_keys", len(s.loaded.Load().keys), "error", err)
	}
	if s.onFetch != nil {
		s.onFetch(s.issuer, err)
	}
	s.mu.Lock()
	s.flight, s.lastErr = nil, err
	s.mu.Unlock()
	f.err = err
	close(f.done)
}

// load fetches the set and, if it is a usable one, puts it in place.
func (s *keySet) load(ctx context.Context) error {
	body, err := s.fetch(ctx)
	if err != nil {
		return err
	}
	previous := s.loaded.Load()
	if string(body) == previous.body {
		return nil
	}
	keys, skipped, err := parseJWKS(body)
	if err != nil {
		return err
	}
	for which, why := range skipped {
		s.log.InfoContext(ctx, "a key of the issuer is not usable", "issuer", s.issuer, "which", which, "why", why)
	}
	if len(keys) == 0 && (len(skipped) > 0 || len(previous.keys) > 0) {
		// A project without asymmetric keys publishes an empty set; one that
		// had keys has lost them by accident rather than on purpose.
		return errors.New("the set has no usable key")
	}
	s.loaded.Store(&setSnapshot{epoch: previous.epoch + 1, keys: keys, body: string(body)})
	s.log.InfoContext(ctx, "issuer keys changed", "issuer", s.issuer, "kids", kids(keys))
	return nil
}

func kids(keys []publicKey) []string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.kid
	}
	slices.Sort(ids)
	return ids
}

func (s *keySet) fetch(ctx context.Context) (body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered %s", res.Status)
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); strings.HasSuffix(kind, "html") {
		return nil, fmt.Errorf("the issuer answered %s instead of JSON", kind)
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, maxSetBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxSetBytes {
		return nil, fmt.Errorf("the key set is larger than %d bytes", maxSetBytes)
	}
	return body, nil
}

// follow keeps the set fresh until ctx ends.
func (s *keySet) follow(ctx context.Context) {
	for {
		pause := refreshInterval
		if err := s.refresh(ctx); err != nil {
			pause = retryInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
