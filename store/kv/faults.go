package kv

import (
	"errors"
	"fmt"
	"math"
	"time"

	"tessera/fault"
)

// ErrUnavailable says that the coordination server did not answer. Its cause
// is for our logs.
var ErrUnavailable = fault.Declare(fault.Unavailable, "coordination.unavailable",
	"A server that this one needs is not answering.", "Try again in a few seconds.")

// These are programming errors: no input of a user leads to them.
var (
	errTTL     = errors.New("kv: a lifetime must be at least a millisecond")
	errPayload = errors.New("kv: an empty message cannot be published")
	errMax     = errors.New("kv: max must be at least 1")
	errClosed  = errors.New("kv: the store is closed")
)

func checkTTL(ttl time.Duration) error {
	if ttl < time.Millisecond {
		return errTTL
	}
	return nil
}

// unlimited is the answer where there is no limit.
var unlimited = Decision{Allowed: true, Remaining: math.MaxInt}

// check refuses what could never be granted.
func (r Rate) check(cost int) error {
	switch {
	case r.Burst < 0 || r.Per <= 0:
		return fmt.Errorf("kv: rate %d per %v is not a rate", r.Burst, r.Per)
	case cost < 0 || cost > r.Burst:
		return fmt.Errorf("kv: cost %d is outside 0..%d", cost, r.Burst)
	default:
		return nil
	}
}

// interval is the time in which one unit comes back, in whole microseconds
// (Redis' clock has no finer grain), at least one.
func (r Rate) interval() time.Duration {
	return max((r.Per / time.Duration(r.Burst)).Truncate(time.Microsecond), time.Microsecond)
}
