// Package kv is coordination: what several requests, and several replicas,
// must agree on for a short while. Rate limits, slots (counted leases), a
// cache with expiry, and publish/subscribe.
//
// It owns nothing durable. Everything here may vanish at any time (a restart,
// an eviction, a Redis outage) and the program must still be right; money and
// identity live in the database only.
//
// Two implementations behave alike, and one suite runs on both:
//
//   - memory, for one process. Sharded, bounded, without goroutines of its own.
//   - Redis 7 or Valkey, for several replicas. One single-key Lua script per
//     decision, timed by the server's clock, so replicas' clocks do not matter.
//
// When Redis is away, each class of caller gets what is safe for it:
//
//	limits   go on, counted by this process alone; a limit of 10 a minute is
//	         then 10 a minute per replica. Nobody is locked out, nothing is
//	         unlimited.
//	slots    go on under the same cap, counted by this process alone. A lease
//	         taken from Redis before the outage is renewed here.
//	cache    returns [ErrUnavailable]; a caller treats it as a miss.
//	pub/sub  Publish returns [ErrUnavailable]. A subscriber gets a nil message
//	         once the connection is back: it may have missed something.
//
// Each change over to local counting, and back, is reported once through
// [WithOutageHook] so that it can be logged and counted.
package kv
