package kv_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tessera/fault"
	"tessera/store/kv"
)

// each runs a case on every implementation. Redis is the one that
// TEST_REDIS_URL names; with TESSERA_TEST_REQUIRE_ALL it must be there.
func each(t *testing.T, run func(t *testing.T, s kv.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		run(t, open(t, "memory:"))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		run(t, open(t, redisURL(t)))
	})
}

func redisURL(t *testing.T) string {
	t.Helper()
	base := os.Getenv("TEST_REDIS_URL")
	switch {
	case base != "":
		return base + "?prefix=test-" + rand.Text() + ":"
	case os.Getenv("TESSERA_TEST_REQUIRE_ALL") != "":
		t.Fatal("TEST_REDIS_URL is not set: run the tests through `make test`")
	default:
		t.Skip("TEST_REDIS_URL is not set: not tested on Redis; `make test` runs on both")
	}
	return ""
}

func open(t *testing.T, url string, opts ...kv.Option) kv.Store {
	t.Helper()
	s, err := kv.Open(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestLimiterGrantsABurstThenAnEvenFlow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		rate := kv.Rate{Burst: 3, Per: 6 * time.Second}
		allow := must[kv.Decision](t)
		for want := 2; want >= 0; want-- {
			d := allow(s.Allow(t.Context(), "k", rate, 1))
			if !d.Allowed || d.Remaining != want || d.RetryAfter != 0 {
				t.Fatalf("within the burst: got %+v, want allowed with %d remaining", d, want)
			}
		}
		d := allow(s.Allow(t.Context(), "k", rate, 1))
		if d.Allowed || d.Remaining != 0 || d.RetryAfter <= 0 || d.RetryAfter > 2*time.Second {
			t.Fatalf("above the burst: got %+v, want refused for at most 2s", d)
		}
		time.Sleep(d.RetryAfter)
		if d := allow(s.Allow(t.Context(), "k", rate, 1)); !d.Allowed {
			t.Fatalf("after RetryAfter: got %+v, want allowed", d)
		}
		if d := allow(s.Allow(t.Context(), "other", rate, 3)); !d.Allowed {
			t.Fatalf("another key: got %+v, want allowed", d)
		}
	})
}

func TestLimiterCosts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		rate := kv.Rate{Burst: 10, Per: time.Hour}
		allow := must[kv.Decision](t)
		if d := allow(s.Allow(t.Context(), "k", rate, 0)); !d.Allowed || d.Remaining != 10 {
			t.Fatalf("cost 0 looks only: got %+v", d)
		}
		if d := allow(s.Allow(t.Context(), "k", rate, 7)); !d.Allowed || d.Remaining != 3 {
			t.Fatalf("cost 7 of 10: got %+v", d)
		}
		d := allow(s.Allow(t.Context(), "k", rate, 4))
		if d.Allowed || d.Remaining != 3 || d.RetryAfter < 5*time.Minute || d.RetryAfter > 6*time.Minute {
			t.Fatalf("cost 4 of 3 needs one more unit, 6 minutes: got %+v", d)
		}
		if d := allow(s.Allow(t.Context(), "k", rate, 3)); !d.Allowed || d.Remaining != 0 {
			t.Fatalf("a refusal must take nothing: got %+v", d)
		}
		if d := allow(s.Allow(t.Context(), "k", kv.Rate{}, 1)); !d.Allowed {
			t.Fatalf("a zero rate is no limit: got %+v", d)
		}
		for name, bad := range map[string]struct {
			rate kv.Rate
			cost int
		}{
			"cost above burst": {rate, 11},
			"negative cost":    {rate, -1},
			"no period":        {kv.Rate{Burst: 1}, 1},
			"negative burst":   {kv.Rate{Burst: -1, Per: time.Second}, 1},
		} {
			if _, err := s.Allow(t.Context(), "k", bad.rate, bad.cost); err == nil {
				t.Errorf("%s: want an error", name)
			}
		}
	})
}

func TestLimiterUnderContentionGrantsExactlyTheBurst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		var granted atomic.Int64
		race(t, 100, func(int) error {
			d, err := s.Allow(t.Context(), "k", kv.Rate{Burst: 30, Per: time.Hour}, 1)
			if d.Allowed {
				granted.Add(1)
			}
			return err
		})
		if granted.Load() != 30 {
			t.Fatalf("granted %d of 100, want exactly 30", granted.Load())
		}
	})
}

// race runs do in n goroutines and fails on any error.
func race(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var wait sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wait.Go(func() { errs <- do(i) })
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSlotsHoldAtMostMax(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		ok := must[bool](t)
		if !ok(s.Acquire(t.Context(), "k", "a", 2, time.Minute)) || !ok(s.Acquire(t.Context(), "k", "b", 2, time.Minute)) {
			t.Fatal("two of two should be granted")
		}
		if ok(s.Acquire(t.Context(), "k", "c", 2, time.Minute)) {
			t.Fatal("a third of two should be refused")
		}
		if !ok(s.Acquire(t.Context(), "k", "a", 2, time.Minute)) {
			t.Fatal("a holder keeps what it has")
		}
		if !ok(s.Acquire(t.Context(), "other", "c", 2, time.Minute)) {
			t.Fatal("another key is free")
		}
		if err := s.Release(t.Context(), "k", "a"); err != nil {
			t.Fatal(err)
		}
		if err := s.Release(t.Context(), "k", "nobody"); err != nil {
			t.Fatal("releasing what is not held is no error:", err)
		}
		if !ok(s.Acquire(t.Context(), "k", "c", 2, time.Minute)) {
			t.Fatal("a released slot is free")
		}
		if _, err := s.Acquire(t.Context(), "k", "d", 0, time.Minute); err == nil {
			t.Error("max 0 should be an error")
		}
		if _, err := s.Acquire(t.Context(), "k", "d", 1, 0); err == nil {
			t.Error("a lease without a lifetime should be an error")
		}
		if _, err := s.Renew(t.Context(), "k", "c", 0); err == nil {
			t.Error("a renewal without a lifetime should be an error")
		}
	})
}

func TestSlotsAreFreeAgainWhenALeaseEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		ok := must[bool](t)
		ok(s.Acquire(t.Context(), "k", "kept", 2, 2*time.Second))
		ok(s.Acquire(t.Context(), "k", "lost", 2, 2*time.Second))
		time.Sleep(time.Second)
		if !ok(s.Renew(t.Context(), "k", "kept", time.Minute)) {
			t.Fatal("a live lease can be renewed")
		}
		time.Sleep(1200 * time.Millisecond)
		if ok(s.Renew(t.Context(), "k", "lost", time.Minute)) {
			t.Fatal("an ended lease cannot be renewed")
		}
		if !ok(s.Acquire(t.Context(), "k", "new", 2, time.Minute)) {
			t.Fatal("the ended lease's slot is free")
		}
		if ok(s.Acquire(t.Context(), "k", "late", 2, time.Minute)) {
			t.Fatal("the renewed lease still counts")
		}
	})
}

func TestSlotsUnderContentionGrantExactlyMax(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		var granted atomic.Int64
		race(t, 100, func(i int) error {
			got, err := s.Acquire(t.Context(), "k", fmt.Sprint(i), 5, time.Minute)
			if got {
				granted.Add(1)
			}
			return err
		})
		if granted.Load() != 5 {
			t.Fatalf("granted %d of 100, want exactly 5", granted.Load())
		}
	})
}

func TestCache(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		if _, found, err := s.Get(t.Context(), "k"); found || err != nil {
			t.Fatalf("an unknown key: found=%v err=%v", found, err)
		}
		value := []byte("one")
		if err := s.Set(t.Context(), "k", value, 2*time.Second); err != nil {
			t.Fatal(err)
		}
		value[0] = 'X'
		wantValue(t, s, "k", "one")
		if must[bool](t)(s.SetNX(t.Context(), "k", []byte("two"), time.Minute)) {
			t.Fatal("SetNX should leave a live value alone")
		}
		time.Sleep(2100 * time.Millisecond)
		if _, found, _ := s.Get(t.Context(), "k"); found {
			t.Fatal("the value should have expired")
		}
		if !must[bool](t)(s.SetNX(t.Context(), "k", []byte("two"), time.Minute)) {
			t.Fatal("SetNX should set an expired key")
		}
		wantValue(t, s, "k", "two")
		if err := s.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		if _, found, _ := s.Get(t.Context(), "k"); found {
			t.Fatal("the value should be deleted")
		}
		if err := s.Delete(t.Context(), "k"); err != nil {
			t.Fatal("deleting nothing is no error:", err)
		}
		if err := s.Set(t.Context(), "empty", nil, time.Minute); err != nil {
			t.Fatal(err)
		}
		wantValue(t, s, "empty", "")
		if s.Set(t.Context(), "k", nil, 0) == nil {
			t.Error("a value without a lifetime should be an error")
		}
		if _, err := s.SetNX(t.Context(), "k", nil, 0); err == nil {
			t.Error("a value without a lifetime should be an error")
		}
	})
}

func wantValue(t *testing.T, s kv.Store, key, want string) {
	t.Helper()
	got, found, err := s.Get(t.Context(), key)
	if err != nil || !found || string(got) != want {
		t.Fatalf("Get(%s) = %q, %v, %v; want %q", key, got, found, err, want)
	}
}

func TestSetNXIsWonOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		var won atomic.Int64
		race(t, 100, func(int) error {
			set, err := s.SetNX(t.Context(), "k", []byte("v"), time.Minute)
			if set {
				won.Add(1)
			}
			return err
		})
		if won.Load() != 1 {
			t.Fatalf("%d of 100 won, want exactly one", won.Load())
		}
	})
}

func TestPubSub(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		subscribe := must[<-chan []byte](t)
		first := subscribe(s.Subscribe(t.Context(), "topic"))
		leaving, leave := context.WithCancel(t.Context())
		second := subscribe(s.Subscribe(leaving, "topic"))
		other := subscribe(s.Subscribe(t.Context(), "elsewhere"))

		publish(t, s, "topic", "one")
		wantMessage(t, first, "one")
		wantMessage(t, second, "one")

		leave()
		wantClosed(t, second)
		publish(t, s, "topic", "two")
		wantMessage(t, first, "two")

		again := subscribe(s.Subscribe(t.Context(), "topic"))
		publish(t, s, "topic", "three")
		wantMessage(t, first, "three")
		wantMessage(t, again, "three")

		if len(other) != 0 {
			t.Fatal("a topic should not hear another's messages")
		}
		if s.Publish(t.Context(), "topic", nil) == nil {
			t.Error("an empty message should be refused")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, first)
		if _, err := s.Subscribe(t.Context(), "topic"); err == nil {
			t.Error("a closed store should refuse subscribers")
		}
	})
}

func TestATopicLeftByAllCanBeJoinedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		for i := range 5 {
			ctx, leave := context.WithCancel(t.Context())
			messages := must[<-chan []byte](t)(s.Subscribe(ctx, "topic"))
			text := fmt.Sprint("round ", i)
			publish(t, s, "topic", text)
			wantMessage(t, messages, text)
			leave()
			wantClosed(t, messages)
		}
	})
}

func TestASlowSubscriberIsToldOfItsLoss(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		slow := must[<-chan []byte](t)(s.Subscribe(t.Context(), "topic"))
		quick := must[<-chan []byte](t)(s.Subscribe(t.Context(), "topic"))
		for i := range 600 {
			text := fmt.Sprint(i)
			publish(t, s, "topic", text)
			wantMessage(t, quick, text)
		}
		var last []byte
		n := len(slow)
		for range n {
			last = <-slow
		}
		if last != nil {
			t.Fatalf("after %d messages the slow one read %q last, want the nil of a loss", n, last)
		}
		publish(t, s, "topic", "after")
		wantMessage(t, slow, "after")
	})
}

func publish(t *testing.T, s kv.Store, topic, text string) {
	t.Helper()
	if err := s.Publish(t.Context(), topic, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func wantMessage(t *testing.T, messages <-chan []byte, want string) {
	t.Helper()
	select {
	case got, open := <-messages:
		if !open || !bytes.Equal(got, []byte(want)) {
			t.Fatalf("got %q (open=%v), want %q", got, open, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("no message in 5 s, want %q", want)
	}
}

func wantClosed(t *testing.T, messages <-chan []byte) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		select {
		case _, open := <-messages:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the channel should be closed")
		}
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kv.Store) {
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOpenRefusesABadURLWithoutRepeatingItsPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"mysql://root:hunter2@db/1", "redis://:hunter2@localhost/1/2", "redis://:hunter2@localhost/zero",
		"redis://:hunter2@localhost/0?unknown=1", "redis://:hunter2@\x7f/", "localhost:6379",
	} {
		_, err := kv.Open(url)
		if err == nil {
			t.Errorf("%q should be refused", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestRedisAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	s := open(t, "redis://127.0.0.1:1/0") // nothing listens on port 1
	for name, err := range map[string]error{
		"ping":    s.Ping(t.Context()),
		"set":     s.Set(t.Context(), "k", nil, time.Minute),
		"delete":  s.Delete(t.Context(), "k"),
		"publish": s.Publish(t.Context(), "t", []byte("x")),
	} {
		if !errors.Is(err, kv.ErrUnavailable) || fault.From(err).Kind != fault.Unavailable {
			t.Errorf("%s: got %v, want unavailable", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gave up: got %v, want its own cancellation", err)
	}
}
