package kv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const defaultPrefix = "tessera:"

// redisStore is the store of several replicas.
type redisStore struct {
	client *redis.Client
	prefix string
	outage *outage
	local  *memory // decides limits and slots while Redis is away
	relay  *relay
	close  func() error
}

func openRedis(u *url.URL, opts ...Option) (Store, error) {
	query := u.Query()
	prefix := defaultPrefix
	if query.Has("prefix") {
		prefix = query.Get("prefix")
		query.Del("prefix")
	}
	target := *u
	target.RawQuery = query.Encode()
	config, err := redis.ParseURL(target.String())
	if err != nil {
		return nil, fmt.Errorf("kv: the Redis URL %s is not valid: %w", u.Redacted(), hideURL(err))
	}
	tuneRedis(config)
	muteLibrary()

	client := redis.NewClient(config)
	o := collect(opts)
	r := &redisStore{
		client: client,
		prefix: prefix,
		outage: &outage{now: o.now, hook: o.onOutage},
		local:  newMemory(o),
		relay:  newRelay(client, prefix),
	}
	r.close = sync.OnceValue(func() error {
		return errors.Join(r.relay.close(), r.local.Close(), client.Close())
	})
	return r, nil
}

// hideURL drops the input that url.Error repeats: it may hold a password.
func hideURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// tuneRedis fails fast: these calls stand in the way of a request, and there
// is a local answer. What the URL states is kept.
func tuneRedis(config *redis.Options) {
	if config.DialTimeout == 0 {
		config.DialTimeout = time.Second
	}
	if config.ReadTimeout == 0 {
		config.ReadTimeout = time.Second
	}
	if config.MaxRetries == 0 {
		config.MaxRetries = 1
	}
	config.DialerRetries = 1
	config.ContextTimeoutEnabled = true
	config.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// silence drops the log lines of go-redis: it prints one per failed dial, on
// standard error. Outages are told through the hook instead.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

var muteLibrary = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

// fail wraps an error of Redis. A caller that gave up is no outage.
func fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return ErrUnavailable.Because(err)
}

func (r *redisStore) Allow(ctx context.Context, key string, rate Rate, cost int) (Decision, error) {
	if rate.Burst == 0 {
		return unlimited, nil
	}
	if err := rate.check(cost); err != nil {
		return Decision{}, err
	}
	var reply []int64
	decided, err := r.outage.try(ctx, func() (err error) {
		keys := []string{r.prefix + "limit:" + key}
		reply, err = allowScript.Run(ctx, r.client, keys, rate.interval().Microseconds(), rate.Burst, cost).Int64Slice()
		return err
	})
	if err != nil {
		return Decision{}, err
	}
	if !decided || len(reply) != 3 {
		return r.local.Allow(ctx, key, rate, cost)
	}
	return Decision{
		Allowed:    reply[0] == 1,
		RetryAfter: time.Duration(reply[1]) * time.Microsecond,
		Remaining:  int(reply[2]),
	}, nil
}

func (r *redisStore) slotKey(key string) []string { return []string{r.prefix + "slot:" + key} }

func (r *redisStore) Acquire(ctx context.Context, key, holder string, max int, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	if max < 1 {
		return false, errMax
	}
	var got bool
	decided, err := r.outage.try(ctx, func() (err error) {
		got, err = acquireScript.Run(ctx, r.client, r.slotKey(key), holder, ttl.Milliseconds(), max).Bool()
		return err
	})
	if err != nil || decided {
		return got, err
	}
	return r.local.Acquire(ctx, key, holder, max, ttl)
}

// Renew carries leases over both ways: one taken from Redis lives on here
// during an outage, and goes back to Redis after it.
func (r *redisStore) Renew(ctx context.Context, key, holder string, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	var got bool
	decided, err := r.outage.try(ctx, func() (err error) {
		got, err = renewScript.Run(ctx, r.client, r.slotKey(key), holder, ttl.Milliseconds()).Bool()
		return err
	})
	switch {
	case err != nil || got:
		return got, err
	case !decided:
		return r.local.Acquire(ctx, key, holder, math.MaxInt32, ttl)
	}
	if heldHere, err := r.local.Renew(ctx, key, holder, ttl); err != nil || !heldHere {
		return false, err
	}
	return r.Acquire(ctx, key, holder, math.MaxInt32, ttl)
}

func (r *redisStore) Release(ctx context.Context, key, holder string) error {
	if err := r.local.Release(ctx, key, holder); err != nil {
		return err
	}
	// Not released for an outage, the lease ends by itself.
	_, err := r.outage.try(ctx, func() error {
		return r.client.ZRem(ctx, r.slotKey(key)[0], holder).Err()
	})
	return err
}

func (r *redisStore) cacheKey(key string) string { return r.prefix + "cache:" + key }

func (r *redisStore) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, err := r.client.Get(ctx, r.cacheKey(key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fail(ctx, err)
	}
	return value, true, nil
}

func (r *redisStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	return fail(ctx, r.client.Set(ctx, r.cacheKey(key), value, ttl).Err())
}

func (r *redisStore) SetNX(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	set, err := r.client.SetNX(ctx, r.cacheKey(key), value, ttl).Result()
	return set, fail(ctx, err)
}

func (r *redisStore) Delete(ctx context.Context, key string) error {
	return fail(ctx, r.client.Del(ctx, r.cacheKey(key)).Err())
}

func (r *redisStore) Publish(ctx context.Context, topic string, payload []byte) error {
	if len(payload) == 0 {
		return errPayload
	}
	return fail(ctx, r.client.Publish(ctx, r.relay.channel(topic), payload).Err())
}

func (r *redisStore) Subscribe(ctx context.Context, topic string) (<-chan []byte, error) {
	return r.relay.subscribe(ctx, topic)
}

func (r *redisStore) Ping(ctx context.Context) error {
	return fail(ctx, r.client.Ping(ctx).Err())
}

func (r *redisStore) Close() error { return r.close() }
