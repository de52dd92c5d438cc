package kv

import (
	"fmt"
	"testing"
	"time"
)

// clock is a hand-set clock.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)} }

func TestMemoryLimiterRefillsEvenly(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := NewMemory(WithClock(c.now))
	rate := Rate{Burst: 3, Per: time.Second} // an interval that does not divide evenly
	take := func() Decision {
		d, err := m.Allow(t.Context(), "k", rate, 1)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	granted := 0
	for range 3000 { // 30 s in steps of 10 ms: 3 at once, then 3 a second
		if take().Allowed {
			granted++
		}
		c.advance(10 * time.Millisecond)
	}
	if granted < 90 || granted > 93 {
		t.Fatalf("granted %d in 30 s at 3 a second with a burst of 3, want 90 to 93", granted)
	}
	c.advance(time.Hour)
	for i := range 4 {
		if got := take().Allowed; got != (i < 3) {
			t.Fatalf("after an hour, call %d: allowed=%v; a burst never grows past 3", i, got)
		}
	}
}

func TestMemoryForgetsWhatHasExpired(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := newMemory(options{now: c.now})
	for round := range 50 {
		for i := range 1000 {
			key := fmt.Sprint(round, "-", i)
			_, _ = m.Allow(t.Context(), key, Rate{Burst: 5, Per: time.Second}, 1)
			_, _ = m.Acquire(t.Context(), key, "h", 1, time.Second)
			_ = m.Set(t.Context(), key, []byte("v"), time.Second)
		}
		c.advance(2 * time.Second)
	}
	for name, n := range map[string]int{"limits": m.limits.len(), "slots": m.slots.len(), "values": m.values.len()} {
		if n > 2000 {
			t.Errorf("%s holds %d entries after 50,000 short-lived ones, want about the last 1000", name, n)
		}
	}
}

func TestTableDropsTheNearestToExpiryAtItsBound(t *testing.T) {
	t.Parallel()
	table := newTable[int](4 * shardCount)
	for i := range 10_000 { // later ones expire later
		key := fmt.Sprint(i)
		s := table.lock(key)
		s.put(key, i, int64(1000+i), 0)
		s.Unlock()
	}
	if n := table.len(); n != 4*shardCount {
		t.Fatalf("the table holds %d entries, want its bound %d", n, 4*shardCount)
	}
	for key, want := range map[string]bool{"9999": true, "0": false} {
		s := table.lock(key)
		if got := s.get(key, 0) != nil; got != want {
			t.Errorf("entry %s: there=%v, want %v", key, got, want)
		}
		s.Unlock()
	}
}

func BenchmarkMemoryAllow(b *testing.B) {
	m := NewMemory()
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = m.Allow(b.Context(), keys[i%len(keys)], Rate{Burst: 1000, Per: time.Second}, 1)
	}
}
