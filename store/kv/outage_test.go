package kv_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tessera/store/kv"
)

// line is a TCP line to Redis that can be cut and mended.
type line struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// throughLine returns a Redis URL that goes through a line of its own.
func throughLine(t *testing.T) (string, *line) {
	t.Helper()
	u, err := url.Parse(redisURL(t))
	if err != nil {
		t.Fatal(err)
	}
	l := &line{target: u.Host}
	l.listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.listener.Close(); l.setCut(true) })
	go l.serve()
	u.Host = l.listener.Addr().String()
	return u.String(), l
}

func (l *line) serve() {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.target)
		if err != nil || !l.keep(in, out) {
			in.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); out.Close() }()
		go func() { _, _ = io.Copy(in, out); in.Close() }()
	}
}

// keep remembers two ends, or closes them when the line is cut.
func (l *line) keep(in, out net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		out.Close()
		return false
	}
	l.conns = append(l.conns, in, out)
	return true
}

func (l *line) setCut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for _, c := range l.conns {
			c.Close()
		}
		l.conns = nil
	}
}

func TestAnOutageOfRedis(t *testing.T) {
	t.Parallel()
	target, line := throughLine(t)
	var away, back atomic.Int64
	s := open(t, target, kv.WithOutageHook(func(isAway bool, cause error) {
		if isAway && cause != nil {
			away.Add(1)
		} else if !isAway {
			back.Add(1)
		}
	}))
	ok, allow := must[bool](t), must[kv.Decision](t)
	rate := kv.Rate{Burst: 2, Per: time.Hour}

	messages := must[<-chan []byte](t)(s.Subscribe(t.Context(), "topic"))
	if !ok(s.Acquire(t.Context(), "slot", "before", 1, time.Minute)) {
		t.Fatal("the slot should be free")
	}
	for range 2 {
		allow(s.Allow(t.Context(), "limit", rate, 1))
	}

	line.setCut(true)
	if d := allow(s.Allow(t.Context(), "limit", rate, 2)); !d.Allowed {
		t.Fatalf("away: this process counts by itself: got %+v", d)
	}
	if d := allow(s.Allow(t.Context(), "limit", rate, 1)); d.Allowed {
		t.Fatal("away: the same limit holds, per process")
	}
	if !ok(s.Renew(t.Context(), "slot", "before", time.Minute)) {
		t.Fatal("away: a lease from before should live on")
	}
	if ok(s.Acquire(t.Context(), "slot", "during", 1, time.Minute)) {
		t.Fatal("away: the cap holds, per process")
	}
	if !ok(s.Acquire(t.Context(), "fresh", "during", 1, time.Minute)) {
		t.Fatal("away: a free slot can be taken")
	}
	start := time.Now()
	for range 200 {
		allow(s.Allow(t.Context(), "many", kv.Rate{Burst: 1000, Per: time.Hour}, 1))
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("away: 200 decisions took %v; an outage must not slow every request down", took)
	}

	line.setCut(false)
	eventually(t, "Redis decides again", func() bool {
		return !allow(s.Allow(t.Context(), "limit", kv.Rate{Burst: 3, Per: time.Hour}, 2)).Allowed && back.Load() > 0
	})
	if !ok(s.Renew(t.Context(), "fresh", "during", time.Minute)) {
		t.Fatal("back: a lease taken during the outage goes over to Redis")
	}
	if ok(open(t, target).Acquire(t.Context(), "fresh", "stranger", 1, time.Minute)) {
		t.Fatal("back: another process should see that lease")
	}
	if away.Load() != back.Load() {
		t.Errorf("the hook heard %d times away and %d times back", away.Load(), back.Load())
	}
	wantLossThenMessages(t, s, messages)
}

// wantLossThenMessages: the first message after the outage is the nil of a
// loss, and later ones come.
func wantLossThenMessages(t *testing.T, s kv.Store, messages <-chan []byte) {
	t.Helper()
	select {
	case m, open := <-messages:
		if !open || m != nil {
			t.Fatalf("got %q (open=%v), want the nil of a loss", m, open)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the subscriber was not told that it may have lost messages")
	}
	eventually(t, "messages come again", func() bool {
		publish(t, s, "topic", "again")
		select {
		case m := <-messages:
			return string(m) == "again"
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("never: " + what)
}
