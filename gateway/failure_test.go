package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/gateway"
	"tessera/gateway/gatewaytest"
	"tessera/store"
	"tessera/store/storetest"
)

func TestUpstreamFaultsAreOneErrorEventEach(t *testing.T) {
	t.Parallel()
	codes := map[gatewaytest.Fault]string{
		gatewaytest.RateLimited: "upstream_rate_limited", gatewaytest.ServerError: "upstream_failed",
		gatewaytest.Overloaded: "upstream_failed", gatewaytest.BadRequest: "upstream_rejected_request",
		gatewaytest.UnknownModel: "upstream_model_unknown", gatewaytest.WrongKey: "upstream_rejected_key",
		gatewaytest.HTML: "upstream_unreadable", gatewaytest.HTMLError: "upstream_failed",
		gatewaytest.NotStreamed: "upstream_unreadable", gatewaytest.Redirect: "upstream_unreadable",
		gatewaytest.Drop: "upstream_unreachable", gatewaytest.Cut: "upstream_broke_off",
		gatewaytest.CutInside: "upstream_broke_off", gatewaytest.HalfClosed: "upstream_broke_off",
		gatewaytest.Endless: "reply_too_large",
		gatewaytest.Garbage: "upstream_unreadable", gatewaytest.HugeEvent: "upstream_unreadable",
		gatewaytest.StreamError: "upstream_failed", gatewaytest.EchoKey: "upstream_rejected_request",
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var outcomes sync.Map
		w := begin(t, db, func(d *gateway.Deps) {
			d.Config.MaxReplyBytes = 600
			d.Hooks.Finished = func(o gateway.Outcome) { outcomes.Store(o.Code, true) }
		})
		for _, f := range gatewaytest.Faults() {
			if f == gatewaytest.Stall {
				continue // TestASilentUpstream
			}
			user, message, _ := w.ask(t, "hello [[fault:"+string(f)+"]]")
			events := w.replay(t, user, message)
			_, last := checkLog(t, events)
			if last.Code != codes[f] || last.Message == "" || last.Message != last.Error || last.Provider != "simulator" || last.ResolvedModel != "sim-small" || last.EndpointID != "default" {
				t.Errorf("%s: %+v", f, last)
			}
			if log := fmt.Sprint(events); strings.Contains(log, "sk-sim") {
				t.Errorf("%s: the key is in the log", f)
			}
			eventually(t, "the outcome "+codes[f]+" is counted", func() bool {
				_, counted := outcomes.Load(codes[f])
				return counted
			})
		}
	})
}

func TestASilentUpstream(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		server := httptest.NewServer(gatewaytest.New(gatewaytest.Config{Pace: -1}))
		defer server.Close()
		w := begin(t, db, func(d *gateway.Deps) { d.Upstream = connect(t, server.URL+"/v1", 500*time.Millisecond) })
		user, message, _ := w.ask(t, "hello [[fault:stall]]")
		reply, last := checkLog(t, w.replay(t, user, message))
		if last.Code != "upstream_timeout" || reply == "" {
			t.Errorf("reply %q, last %+v", reply, last)
		}
	})
}

// eventually waits for what happens shortly after its event is seen.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(wait); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came to this: " + what)
		}
	}
}

// panicking is an upstream with a mistake in it.
type panicking struct{ scripted }

func (p panicking) Stream(ctx context.Context, call gateway.Call, sink gateway.Sink) error {
	if err := p.scripted.Stream(ctx, call, sink); err != nil {
		return err
	}
	panic("a mistake with a secret in it")
}

func TestAPanicEndsTheMessage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db, func(d *gateway.Deps) { d.Upstream = panicking{scripted{gateway.Frame{Text: "half"}}} })
		user, message, _ := w.ask(t, "x")
		reply, last := checkLog(t, w.replay(t, user, message))
		if last.Code != "work_failed" || reply != "half" || strings.Contains(last.Message, "secret") {
			t.Errorf("reply %q, last %+v", reply, last)
		}
	})
}

// mortal is a store that can die with its process: from then on nothing is
// written, nor read, through it.
type mortal struct {
	*store.DB
	dead atomic.Bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) InTx(ctx context.Context, fn func(context.Context) error) error {
	if m.dead.Load() {
		return errDead
	}
	return m.DB.InTx(ctx, func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return err
		}
		if m.dead.Load() { // killed before the commit
			return errDead
		}
		return nil
	})
}

func (m *mortal) RenewLeases(ctx context.Context, owner string, ids []uuid.UUID, until time.Time) error {
	if m.dead.Load() {
		return errDead
	}
	return m.DB.RenewLeases(ctx, owner, ids, until)
}

func (m *mortal) ExpiredLeases(ctx context.Context, before time.Time, limit int) ([]uuid.UUID, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.DB.ExpiredLeases(ctx, before, limit)
}

// TestARestartInTheMiddle kills a process while it streams several messages.
// What its subscribers saw, and what the next process replays, must be one log:
// nothing lost, nothing twice, one terminal event at its end.
func TestARestartInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, sole := range []bool{true, false} {
		t.Run(fmt.Sprintf("sole=%v", sole), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				store := &mortal{DB: db}
				old := begin(t, db, func(d *gateway.Deps) { d.Store, d.Config.Lease = store, time.Second })
				type follower struct {
					user, message uuid.UUID
					stream        *gateway.Stream
					seen          []gateway.Event
				}
				var all []*follower
				for i := range 8 {
					f := &follower{}
					f.user, f.message, _ = old.ask(t, "hello [[fault:endless]]")
					f.stream = old.open(t, f.user, f.message, 0)
					f.seen = until(t, f.stream, 2+5*i)
					all = append(all, f)
				}
				store.dead.Store(true)
				deps := old.deps
				deps.Store, deps.SoleProcess, deps.Config.Lease = db, sole, time.Second
				revived := &world{Service: start(t, deps), db: db}
				for _, f := range all {
					f.stream.Close() // its connection died with the process
					f.seen = append(f.seen, rest(t, revived.open(t, f.user, f.message, f.seen[len(f.seen)-1].Position))...)
					if _, last := checkLog(t, f.seen); last.Code != "work_interrupted" || last.Provider != "simulator" || last.ResolvedModel != "sim-small" {
						t.Errorf("last %+v", last)
					}
					if table := revived.events(t, f.message); len(table) != len(f.seen) {
						t.Errorf("the subscribers saw %d events, the table has %d", len(f.seen), len(table))
					}
				}
			})
		})
	}
}

// TestTwoProcessesOneDatabase: subscribers on the replica that does not work on
// a message see it live, with and without wake-ups.
func TestTwoProcessesOneDatabase(t *testing.T) {
	t.Parallel()
	for _, notified := range []bool{true, false} {
		t.Run(fmt.Sprintf("notified=%v", notified), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				worker := begin(t, db)
				other := begin(t, db, func(d *gateway.Deps) {
					d.Slots, d.Notifier = worker.slots, worker.slots
					if !notified {
						d.Notifier = nil
					}
				})
				user, message, _ := worker.ask(t, "hello")
				began := time.Now()
				events := other.replay(t, user, message)
				if _, last := checkLog(t, events); last.Code != "" {
					t.Errorf("last %+v", last)
				}
				if took := time.Since(began); took > wait/2 {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestOneTerminalEventUnderRaces lets impatient processes interrupt messages
// while their worker, whose clock says that all is well, ends them.
func TestOneTerminalEventUnderRaces(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		var messages [][2]uuid.UUID
		for range 12 {
			user, message, _ := w.ask(t, "hello")
			messages = append(messages, [2]uuid.UUID{user, message})
		}
		deps := w.deps
		deps.SoleProcess = true // believes that everything unfinished is dead
		for range 4 {
			start(t, deps)
			time.Sleep(20 * time.Millisecond)
		}
		interrupted := 0
		for _, m := range messages {
			if _, last := checkLog(t, w.replay(t, m[0], m[1])); last.Code == "work_interrupted" {
				interrupted++
			}
		}
		if interrupted == 0 {
			t.Error("no race took place")
		}
	})
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		slowUser, slow, _ := w.ask(t, "[[fault:endless]]")
		st := w.open(t, slowUser, slow, 0)
		seen := until(t, st, 3)
		finished := make(chan struct{})
		go func() { w.Shutdown(context.Background()); close(finished) }()
		seen = append(seen, rest(t, st)...)
		st.Close()
		if _, last := checkLog(t, seen); last.Code != "work_interrupted" {
			t.Errorf("last %+v", last)
		}
		select {
		case <-finished:
		case <-time.After(wait):
			t.Fatal("shutdown did not end")
		}
		if _, _, err := w.Create(t.Context(), textRequest(uuid.New(), "x")); !errors.Is(err, gateway.ErrShuttingDown) {
			t.Errorf("a message afterwards: %v", err)
		}
		if _, err := w.Events(t.Context(), slowUser, slow, uuid.Nil, 0); !errors.Is(err, gateway.ErrShuttingDown) {
			t.Errorf("a stream afterwards: %v", err)
		}
		if m, err := db.Message(t.Context(), slowUser, slow); err != nil || m.State != gateway.Failed {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// TestShutdownLetsShortWorkFinish: what ends within the grace is whole.
func TestShutdownLetsShortWorkFinish(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	w := begin(t, db, func(d *gateway.Deps) { d.Config.ShutdownGrace = wait })
	user, message, _ := w.ask(t, "hello")
	w.Shutdown(context.Background())
	if m, err := db.Message(t.Context(), user, message); err != nil || m.State != gateway.Completed {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestALogThatCannotBeWrittenIsEndedLater: a message whose log cannot be ended (the
// database refuses) is ended when its lease has run out.
func TestALogThatCannotBeWrittenIsEndedLater(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		store := &mortal{DB: db}
		w := begin(t, db, func(d *gateway.Deps) { d.Store, d.Config.Lease = store, time.Second })
		user, message, _ := w.ask(t, "[[fault:endless]]")
		st := w.open(t, user, message, 0)
		seen := until(t, st, 3)
		store.dead.Store(true)
		time.Sleep(1500 * time.Millisecond) // the work gives up
		store.dead.Store(false)             // the database is back
		seen = append(seen, rest(t, st)...)
		if _, last := checkLog(t, seen); last.Code != "work_interrupted" {
			t.Errorf("last %+v", last)
		}
		if next, again, _ := w.ask(t, "hello"); next != uuid.Nil {
			if _, last := checkLog(t, w.replay(t, next, again)); last.Code != "" {
				t.Errorf("the next message: %+v", last)
			}
		}
	})
}

// poisoned is a store that refuses the events of some messages, and with them
// every batch they are in.
type poisoned struct {
	*store.DB
	bad sync.Map // message id -> true
}

var errPoison = errors.New("the database refuses this")

func (p *poisoned) AppendEvents(ctx context.Context, batch []gateway.Append) ([]uuid.UUID, error) {
	for _, a := range batch {
		if _, bad := p.bad.Load(a.MessageID); bad {
			return nil, errPoison
		}
	}
	return p.DB.AppendEvents(ctx, batch)
}

// TestOneMessageDoesNotSpoilTheOthers: commits are shared, failures are not.
func TestOneMessageDoesNotSpoilTheOthers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		store := &poisoned{DB: db}
		w := begin(t, db, func(d *gateway.Deps) { d.Store, d.Config.Lease = store, time.Second })
		badUser, bad, _ := w.ask(t, "[[fault:endless]]")
		store.bad.Store(bad, true)
		for range 3 {
			user, message, _ := w.ask(t, "hello")
			if _, last := checkLog(t, w.replay(t, user, message)); last.Code != "" {
				t.Errorf("a neighbour: %+v", last)
			}
		}
		if _, last := checkLog(t, w.replay(t, badUser, bad)); last.Code != "work_interrupted" {
			t.Errorf("the refused one: %+v", last)
		}
	})
}

// TestALocalSubscriberLearnsOfAnEndElsewhere: another process ended a message
// that this one still believes to work on, and no wake-up comes.
func TestALocalSubscriberLearnsOfAnEndElsewhere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db, func(d *gateway.Deps) { d.Notifier = nil })
		user, message, _ := w.ask(t, "[[fault:stall]]")
		st := w.open(t, user, message, 0)
		seen := until(t, st, 1)
		deps := w.deps
		deps.SoleProcess = true
		start(t, deps)
		began := time.Now()
		seen = append(seen, rest(t, st)...)
		if _, last := checkLog(t, seen); last.Code != "work_interrupted" || time.Since(began) > 8*time.Second {
			t.Errorf("after %v: %+v", time.Since(began), last)
		}
	})
}

func TestActiveMessagesAreBounded(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	w := begin(t, db, func(d *gateway.Deps) { d.Config.MaxActive, d.Config.MaxActivePerUser = 3, 2 })
	user := uuid.New()
	for range 2 {
		if _, _, err := w.Create(t.Context(), textRequest(user, "[[fault:endless]]")); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Create(t.Context(), textRequest(user, "x")); !errors.Is(err, gateway.ErrTooManyActive) {
		t.Errorf("a third of one user: %v", err)
	}
	w.ask(t, "[[fault:endless]]")
	if _, _, err := w.Create(t.Context(), textRequest(uuid.New(), "x")); !errors.Is(err, gateway.ErrTooManyActive) {
		t.Errorf("a fourth in all: %v", err)
	}
}

// TestManyAtOnce answers many messages at once, each with a subscriber.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				user := uuid.New()
				message, _, err := w.Create(t.Context(), textRequest(user, "hello"))
				if err != nil {
					t.Error(err)
					return
				}
				st, err := w.Events(t.Context(), user, message, uuid.Nil, 0)
				if err != nil {
					t.Error(err)
					return
				}
				defer st.Close()
				var events []gateway.Event
				for {
					e, err := st.Next(t.Context())
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Errorf("after %d events: %v", len(events), err)
						return
					}
					if e.Name != gateway.HeartbeatEvent {
						events = append(events, e)
					}
				}
				if len(events) == 0 || events[len(events)-1].Name != gateway.CompletedEvent || events[len(events)-1].Position != int64(len(events)) {
					t.Errorf("%d events, the last %s", len(events), events[len(events)-1].Data)
				}
			})
		}
		wg.Wait()
	})
}
