package kv

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Store is coordination as a whole. Callers ask for the part they need.
type Store interface {
	Limiter
	Slots
	Cache
	PubSub
	// Ping reports whether the store answers now.
	Ping(ctx context.Context) error
	// Close ends every subscription and releases connections. It may be
	// called more than once.
	Close() error
}

// Limiter decides whether something may happen now. It implements GCRA, the
// generic cell rate algorithm: a burst at once, then an even flow.
type Limiter interface {
	// Allow takes cost from the key's allowance, or leaves it untouched and
	// says when cost will be there. Cost 0 looks without taking. A cost above
	// the burst, which could never be granted, is an error.
	Allow(ctx context.Context, key string, rate Rate, cost int) (Decision, error)
}

// Rate is Burst per Per: up to Burst at once, refilled evenly over Per.
// A Burst of 0 is no limit.
type Rate struct {
	Burst int
	Per   time.Duration
}

// Decision is what a limiter decided.
type Decision struct {
	Allowed    bool
	RetryAfter time.Duration // 0 when allowed
	Remaining  int           // what could be taken at once now
}

// Slots are counted leases: at most max holders of a key at a time. A holder
// that does not renew within ttl has lost its slot, so a crash frees it.
type Slots interface {
	// Acquire takes a slot for holder, or reports false when max others hold
	// the key. A holder that has one already keeps it, renewed.
	Acquire(ctx context.Context, key, holder string, max int, ttl time.Duration) (bool, error)
	// Renew extends the holder's lease; false means that it has none.
	Renew(ctx context.Context, key, holder string, ttl time.Duration) (bool, error)
	// Release gives the slot back. Releasing one that is not held is no error.
	Release(ctx context.Context, key, holder string) error
}

// Cache keeps values for a while. Every value has a lifetime, at least a
// millisecond. The slices are the caller's: both ways they are copied.
type Cache interface {
	// Get returns the value and whether there is one.
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// SetNX sets the value only where none is, and reports whether it did.
	SetNX(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)
	Delete(ctx context.Context, key string) error
}

// PubSub carries messages to whoever listens now; there is no memory of them.
type PubSub interface {
	// Publish sends payload, which must not be empty, to all subscribers.
	Publish(ctx context.Context, topic string, payload []byte) error
	// Subscribe listens to a topic from the moment it returns. The channel is
	// closed when ctx ends or the store closes. A nil message says that
	// messages may have been lost (a slow reader, a renewed connection):
	// what was derived from them is stale.
	Subscribe(ctx context.Context, topic string) (<-chan []byte, error)
}

// Option adjusts a store.
type Option func(*options)

type options struct {
	now      func() time.Time
	onOutage func(away bool, cause error)
}

// WithClock replaces the clock of the memory store.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithOutageHook is told when a Redis store starts to decide limits and slots
// by itself (away, with the cause) and when Redis decides again.
func WithOutageHook(hook func(away bool, cause error)) Option {
	return func(o *options) { o.onOutage = hook }
}

func collect(opts []Option) options {
	//nolint:forbidigo // the one default of an injectable clock
	o := options{now: time.Now, onOutage: func(bool, error) {}}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Open returns the store that rawURL names: "" or "memory:" for one process,
// redis://[user:password@]host:port/db (rediss:// over TLS) for several. The
// query parameter prefix names the start of all keys, "tessera:" by default;
// the others are those of go-redis. Redis need not answer yet: see Ping.
func Open(rawURL string, opts ...Option) (Store, error) {
	if rawURL == "" {
		return NewMemory(opts...), nil
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		// The error of url.Parse repeats the URL, which may hold a password.
		return nil, fmt.Errorf("kv: the coordination URL cannot be parsed; use memory: or redis://host:port/db")
	}
	switch u.Scheme {
	case "memory":
		return NewMemory(opts...), nil
	case "redis", "rediss", "unix":
		return openRedis(u, opts...)
	default:
		return nil, fmt.Errorf("kv: unknown coordination scheme %q; use memory: or redis://host:port/db", u.Scheme)
	}
}
