package app

import (
	"context"
	"time"

	"tessera/httpapi"
	"tessera/store/kv"
)

// limiter lets the surfaces and the rooms count on the coordination store.
type limiter struct{ kv kv.Limiter }

// Allow implements httpapi.Limiter.
func (l limiter) Allow(ctx context.Context, key string, rate httpapi.Rate) (time.Duration, error) {
	return l.take(ctx, "http:"+key, kv.Rate{Burst: rate.Burst, Per: rate.Per})
}

// Wait implements session.Limiter: once per interval.
func (l limiter) Wait(ctx context.Context, key string, interval time.Duration) (time.Duration, error) {
	return l.take(ctx, "session:"+key, kv.Rate{Burst: 1, Per: interval})
}

func (l limiter) take(ctx context.Context, key string, rate kv.Rate) (time.Duration, error) {
	decision, err := l.kv.Allow(ctx, key, rate, 1)
	if err != nil || decision.Allowed {
		return 0, err
	}
	// A refusal must say a time, or the caller would take it for a yes.
	return max(decision.RetryAfter, time.Millisecond), nil
}
