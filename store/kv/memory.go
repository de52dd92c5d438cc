package kv

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"
)

// Bounds of the memory store, in entries. A limiter's key often comes from a
// stranger (an address, an account name), so a flood of keys must not become
// a flood of memory. What is dropped then is the entry nearest to its expiry:
// for a limit, the one with the most allowance left.
const (
	memoryLimits = 1 << 18
	memoryCache  = 1 << 16
)

// memory is the store of one process.
type memory struct {
	*hub
	now    func() time.Time
	limits *table[int64]            // theoretical arrival time, Unix nanoseconds
	slots  *table[map[string]int64] // holder -> expiry; bounded by its live leases
	values *table[[]byte]
}

// NewMemory returns the store of one process.
func NewMemory(opts ...Option) Store { return newMemory(collect(opts)) }

func newMemory(o options) *memory {
	return &memory{
		hub:    newHub(),
		now:    o.now,
		limits: newTable[int64](memoryLimits),
		slots:  newTable[map[string]int64](0),
		values: newTable[[]byte](memoryCache),
	}
}

func (m *memory) Allow(_ context.Context, key string, rate Rate, cost int) (Decision, error) {
	if rate.Burst == 0 {
		return unlimited, nil
	}
	if err := rate.check(cost); err != nil {
		return Decision{}, err
	}
	interval := int64(rate.interval())
	now := m.now().UnixNano()
	horizon := now + interval*int64(rate.Burst)

	s := m.limits.lock(key)
	defer s.Unlock()
	arrival := now
	if e := s.get(key, now); e != nil {
		arrival = max(e.value, now)
	}
	next := arrival + interval*int64(cost)
	if next > horizon {
		return Decision{
			RetryAfter: time.Duration(next - horizon),
			Remaining:  int(max(horizon-arrival, 0) / interval),
		}, nil
	}
	if cost > 0 {
		s.put(key, next, next, now)
	}
	return Decision{Allowed: true, Remaining: int((horizon - next) / interval)}, nil
}

func (m *memory) Acquire(_ context.Context, key, holder string, max int, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	if max < 1 {
		return false, errMax
	}
	now := m.now().UnixNano()
	s := m.slots.lock(key)
	defer s.Unlock()
	holders := liveHolders(s, key, now)
	if _, mine := holders[holder]; !mine && len(holders) >= max {
		return false, nil
	}
	holders[holder] = now + int64(ttl)
	s.put(key, holders, lastExpiry(holders), now)
	return true, nil
}

func (m *memory) Renew(_ context.Context, key, holder string, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	now := m.now().UnixNano()
	s := m.slots.lock(key)
	defer s.Unlock()
	holders := liveHolders(s, key, now)
	if _, mine := holders[holder]; !mine {
		return false, nil
	}
	holders[holder] = now + int64(ttl)
	s.put(key, holders, lastExpiry(holders), now)
	return true, nil
}

func (m *memory) Release(_ context.Context, key, holder string) error {
	s := m.slots.lock(key)
	defer s.Unlock()
	e := s.entries[key]
	if e == nil {
		return nil
	}
	delete(e.value, holder)
	if len(e.value) == 0 {
		s.drop(e)
	}
	return nil
}

// liveHolders returns the key's holders without those whose lease is over.
func liveHolders(s *shard[map[string]int64], key string, now int64) map[string]int64 {
	e := s.get(key, now)
	if e == nil {
		return map[string]int64{}
	}
	maps.DeleteFunc(e.value, func(_ string, expires int64) bool { return expires <= now })
	return e.value
}

func lastExpiry(holders map[string]int64) int64 {
	return slices.Max(slices.Collect(maps.Values(holders)))
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	s := m.values.lock(key)
	defer s.Unlock()
	e := s.get(key, m.now().UnixNano())
	if e == nil {
		return nil, false, nil
	}
	return bytes.Clone(e.value), true, nil
}

func (m *memory) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	now := m.now().UnixNano()
	s := m.values.lock(key)
	defer s.Unlock()
	s.put(key, cloneValue(value), now+int64(ttl), now)
	return nil
}

func (m *memory) SetNX(_ context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	now := m.now().UnixNano()
	s := m.values.lock(key)
	defer s.Unlock()
	if s.get(key, now) != nil {
		return false, nil
	}
	s.put(key, cloneValue(value), now+int64(ttl), now)
	return true, nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	s := m.values.lock(key)
	defer s.Unlock()
	if e := s.entries[key]; e != nil {
		s.drop(e)
	}
	return nil
}

// cloneValue copies a value; nil is kept as empty, as Redis keeps it.
func cloneValue(value []byte) []byte {
	return append(make([]byte, 0, len(value)), value...)
}

func (m *memory) Publish(_ context.Context, topic string, payload []byte) error {
	if len(payload) == 0 {
		return errPayload
	}
	m.deliver(topic, payload)
	return nil
}

func (m *memory) Subscribe(ctx context.Context, topic string) (<-chan []byte, error) {
	sub, _, err := m.add(topic)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { m.remove(topic, sub) })
	return sub.messages, nil
}

func (m *memory) Ping(context.Context) error { return nil }

func (m *memory) Close() error {
	m.hub.close()
	return nil
}
