package oidc

import (
	"context"
	"sync"
	"time"
)

const (
	// fetchSpacing is the least time between two fetches of one document.
	fetchSpacing     = 10 * time.Second
	fetchTimeout     = 10 * time.Second
	metadataFreshFor = time.Hour
	keysFreshFor     = 10 * time.Minute
	// staleFor is how long a document outlives an issuer that does not answer.
	staleFor = 24 * time.Hour
)

// remote is a document of the issuer's, fetched when it is needed and kept.
type remote[T any] struct {
	fetch    func(context.Context) (T, error)
	now      func() time.Time
	freshFor time.Duration

	mu      sync.Mutex
	value   T
	fetched time.Time // of the value; zero = there is none
	started time.Time // of the newest fetch
	lastErr error     // of the newest finished fetch
	flight  *flight   // the fetch on its way, or nil
}

// flight is one fetch, shared by all who wait for it.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// get returns the document, fetched again when it is no longer fresh; a known
// one stays good while fetching fails, for a day.
func (r *remote[T]) get(ctx context.Context) (T, error) {
	if value, age, known := r.known(); known && age < r.freshFor {
		return value, nil
	}
	err := r.refresh(ctx)
	value, age, known := r.known()
	if known && age < staleFor {
		return value, nil
	}
	return value, err
}

func (r *remote[T]) known() (value T, age time.Duration, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.value, r.now().Sub(r.fetched), !r.fetched.IsZero()
}

// refresh fetches the document, or waits for the fetch that is on its way.
// Within the spacing it fetches nothing and returns how the last fetch went.
func (r *remote[T]) refresh(ctx context.Context) error {
	r.mu.Lock()
	if r.flight == nil {
		if !r.started.IsZero() && r.now().Sub(r.started) < fetchSpacing {
			defer r.mu.Unlock()
			return r.lastErr
		}
		r.started = r.now()
		r.flight = &flight{done: make(chan struct{})}
		// Detached: whoever asked first may go away, the others still wait.
		go r.fly(context.WithoutCancel(ctx), r.flight)
	}
	f := r.flight
	r.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return unreachable(ctx.Err())
	}
}

func (r *remote[T]) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	value, err := r.fetch(ctx)
	r.mu.Lock()
	if err == nil {
		r.value, r.fetched = value, r.now()
	}
	r.flight, r.lastErr = nil, err
	r.mu.Unlock()
	f.err = err
	close(f.done)
}
