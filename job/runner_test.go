package job_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tessera/fault"
	"tessera/job"
	"tessera/store"
	"tessera/store/storetest"
)

// clock is a clock that tests move. It is safe for concurrent use.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// results remembers how attempts ended.
type results struct {
	mu  sync.Mutex
	all []string
}

func (r *results) observe(kind, result string, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kind != "job.purge" {
		r.all = append(r.all, result)
	}
}

func (r *results) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.all, " ")
}

func newRunner(db *store.DB, adjust func(*job.Config)) *job.Runner {
	config := job.Config{
		Store: db, Now: time.Now, Log: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond,
		BackoffOf: func(int) time.Duration { return time.Millisecond },
	}
	if adjust != nil {
		adjust(&config)
	}
	return job.New(config)
}

// start runs a runner until the test ends; stop ends it before.
func start(t *testing.T, r *job.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("never: " + what)
}

func enqueue(t *testing.T, r *job.Runner, j job.Job) {
	t.Helper()
	if err := r.Enqueue(t.Context(), j); err != nil {
		t.Fatal(err)
	}
}

func TestAJobRunsOnceItsTransactionIsCommitted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		// Only the wake-up can start it: polling is an hour away.
		r := newRunner(db, func(c *job.Config) { c.Poll = time.Hour })
		ran := make(chan string, 10)
		r.Register(job.Kind{Name: "k", Run: func(_ context.Context, task job.Task) error {
			ran <- string(task.Payload)
			return nil
		}})
		start(t, r)
		stop := errors.New("no")
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(r.Enqueue(ctx, job.Job{Kind: "k", Payload: []byte("rolled back")}), stop)
		}); !errors.Is(err, stop) {
			t.Fatal(err)
		}
		var committed time.Time
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			err := r.Enqueue(ctx, job.Job{Kind: "k", Payload: []byte("committed")})
			select {
			case got := <-ran:
				t.Errorf("%q ran inside the transaction", got)
			case <-time.After(50 * time.Millisecond):
			}
			committed = time.Now()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-ran:
			if got != "committed" {
				t.Fatalf("ran %q", got)
			}
			t.Logf("ran %v after the commit", time.Since(committed))
		case <-time.After(5 * time.Second):
			t.Fatal("the job did not run")
		}
	})
}

func TestFailuresAreRepeatedThenDead(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen results
		r := newRunner(db, func(c *job.Config) { c.Observe = seen.observe })
		var calls atomic.Int64
		r.Register(job.Kind{Name: "fails twice", Run: func(context.Context, job.Task) error {
			switch calls.Add(1) {
			case 1:
				return errors.New("\xff\x00 not yet") // bytes that PostgreSQL refuses in text
			case 2:
				panic("oh no")
			}
			return nil
		}})
		r.Register(job.Kind{Name: "always fails", MaxAttempts: 3, Run: func(context.Context, job.Task) error {
			return errors.New("never")
		}})
		r.Register(job.Kind{Name: "hopeless", Run: func(context.Context, job.Task) error {
			return job.Permanent(errors.New("no such user"))
		}})
		start(t, r)
		for kind, want := range map[string]string{
			"fails twice": "retry retry done", "always fails": "retry retry dead", "hopeless": "dead",
		} {
			seen.mu.Lock()
			seen.all = nil
			seen.mu.Unlock()
			enqueue(t, r, job.Job{Kind: kind})
			eventually(t, kind+": "+want, func() bool { return seen.String() == want })
		}
		counts, err := r.Stats(t.Context())
		if err != nil || counts.Dead != 2 || counts.Running != 0 {
			t.Errorf("counts: %+v, %v", counts, err)
		}
	})
}

var errBusy = fault.Declare(fault.Unavailable, "test.busy", "busy", "")

func TestBackoffGrowsAndHeedsRetryAfter(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	var c clock
	var seen results
	r := newRunner(db, func(config *job.Config) {
		config.Now, config.Observe, config.BackoffOf = c.now, seen.observe, nil
	})
	r.Register(job.Kind{Name: "k", Run: func(_ context.Context, task job.Task) error {
		if task.Attempt == 3 {
			return errBusy.After(time.Hour)
		}
		return errors.New("not yet")
	}})
	start(t, r)
	enqueue(t, r, job.Job{Kind: "k"})
	want := ""
	for attempt, wait := range []time.Duration{0, 2 * time.Second, 4 * time.Second, time.Hour, 16 * time.Second} {
		if attempt > 0 {
			c.advance(wait / 2)
			time.Sleep(100 * time.Millisecond)
			if got := seen.String(); got != want {
				t.Fatalf("attempt %d came within half of %v: %q", attempt+1, wait, got)
			}
			c.advance(wait * 3 / 4)
		}
		want = strings.TrimSpace(want + " retry")
		eventually(t, "attempt "+strconv.Itoa(attempt+1), func() bool { return seen.String() == want })
	}
}

func TestALostLeaseEndsTheAttemptAndItsTransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var c clock
		var seen results
		r := newRunner(db, func(config *job.Config) {
			config.Now, config.Observe, config.Lease = c.now, seen.observe, 2*time.Second
		})
		var completion error
		r.Register(job.Kind{Name: "k", Run: func(ctx context.Context, task job.Task) error {
			if task.Attempt > 1 {
				return nil
			}
			// A stall: the lease ends, and this same runner claims the job anew.
			c.advance(time.Hour)
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), job.ErrLost) {
				t.Errorf("the attempt ended because of %v", context.Cause(ctx))
			}
			completion = db.InTx(context.WithoutCancel(ctx), func(ctx context.Context) error { return task.Complete(ctx) })
			return completion
		}})
		start(t, r)
		enqueue(t, r, job.Job{Kind: "k"})
		eventually(t, "both attempts end", func() bool {
			got := seen.String()
			return got == "done lost" || got == "lost done"
		})
		if !errors.Is(completion, job.ErrLost) {
			t.Errorf("completing a lost job: %v", completion)
		}
	})
}

func TestALongAttemptKeepsItsLease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen results
		r := newRunner(db, func(c *job.Config) { c.Observe, c.Lease = seen.observe, 2*time.Second })
		r.Register(job.Kind{Name: "k", Run: func(ctx context.Context, _ job.Task) error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(4 * time.Second):
				return nil
			}
		}})
		start(t, r)
		enqueue(t, r, job.Job{Kind: "k"})
		eventually(t, "an end", func() bool { return seen.String() != "" })
		if got := seen.String(); got != "done" {
			t.Errorf("an attempt of twice its lease ended as %q", got)
		}
	})
}

func TestAnAttemptThatTakesTooLongIsEnded(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	var seen results
	r := newRunner(db, func(c *job.Config) { c.Observe = seen.observe })
	r.Register(job.Kind{
		Name: "k", Timeout: 50 * time.Millisecond, MaxAttempts: 1,
		Run: func(ctx context.Context, _ job.Task) error { <-ctx.Done(); return ctx.Err() },
	})
	start(t, r)
	enqueue(t, r, job.Job{Kind: "k"})
	eventually(t, "dead", func() bool { return seen.String() == "dead" })
}

func TestAWorkerThatDiedAtTheLastAttemptLeavesADeadJob(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var c clock
		var seen results
		r := newRunner(db, func(config *job.Config) { config.Now, config.Observe = c.now, seen.observe })
		r.Register(job.Kind{Name: "k", MaxAttempts: 1, Run: func(context.Context, job.Task) error {
			t.Error("the job ran once too often")
			return nil
		}})
		enqueue(t, r, job.Job{Kind: "k"})
		if claims, err := db.ClaimJobs(t.Context(), []string{"k"}, 1, c.now(), c.now().Add(time.Minute)); err != nil || len(claims) != 1 {
			t.Fatalf("claims %v, %v", claims, err)
		}
		c.advance(2 * time.Minute) // the claimer is dead
		start(t, r)
		eventually(t, "dead", func() bool { return seen.String() == "dead" })
	})
}

func TestShutdownWaitsThenInterrupts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen results
		r := newRunner(db, func(c *job.Config) { c.Observe, c.Grace = seen.observe, 3*time.Second })
		started := make(chan struct{}, 2)
		r.Register(job.Kind{Name: "short", Run: func(ctx context.Context, _ job.Task) error {
			started <- struct{}{}
			time.Sleep(100 * time.Millisecond)
			return ctx.Err()
		}})
		r.Register(job.Kind{Name: "endless", MaxAttempts: 1, Run: func(ctx context.Context, _ job.Task) error {
			started <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}})
		stop := start(t, r)
		enqueue(t, r, job.Job{Kind: "short"})
		enqueue(t, r, job.Job{Kind: "endless"})
		<-started
		<-started
		stop()
		if got := seen.String(); got != "done interrupted" {
			t.Fatalf("attempts ended as %q, want the short one done and the endless one interrupted", got)
		}
		claims, err := db.ClaimJobs(t.Context(), []string{"endless"}, 1, time.Now(), time.Now().Add(time.Minute))
		if err != nil || len(claims) != 1 || claims[0].Attempt > claims[0].MaxAttempts {
			t.Fatalf("an interrupted job can be run again at once, uncounted: %+v, %v", claims, err)
		}
	})
}

func TestPeriodicJobsRunOncePerSlotOverAllReplicas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var c clock
		var mu sync.Mutex
		ran := map[string]int{}
		for range 3 {
			r := newRunner(db, func(config *job.Config) { config.Now = c.now })
			r.Register(job.Kind{Name: "sweep", Every: time.Hour, Run: func(_ context.Context, task job.Task) error {
				mu.Lock()
				defer mu.Unlock()
				ran[task.Unique]++
				return nil
			}})
			start(t, r)
		}
		slots := func() int { mu.Lock(); defer mu.Unlock(); return len(ran) }
		for i := range 3 {
			eventually(t, "a slot runs", func() bool { return slots() == i+1 })
			time.Sleep(100 * time.Millisecond) // time for another replica to do it again
			c.advance(time.Hour)
		}
		mu.Lock()
		defer mu.Unlock()
		for slot, n := range ran {
			if n != 1 {
				t.Errorf("slot %s ran %d times", slot, n)
			}
		}
	})
}

func TestManyReplicasRunEachJobOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const jobs = 300
		var mu sync.Mutex
		ran := map[string]int{}
		runners := make([]*job.Runner, 3)
		for i := range runners {
			runners[i] = newRunner(db, nil)
			runners[i].Register(job.Kind{Name: "k", Run: func(_ context.Context, task job.Task) error {
				mu.Lock()
				defer mu.Unlock()
				ran[string(task.Payload)]++
				return nil
			}})
			start(t, runners[i])
		}
		for i := range jobs {
			enqueue(t, runners[i%3], job.Job{Kind: "k", Payload: []byte(strconv.Itoa(i))})
		}
		eventually(t, "all have run", func() bool { mu.Lock(); defer mu.Unlock(); return len(ran) == jobs })
		time.Sleep(50 * time.Millisecond)
		for payload, n := range ran {
			if n != 1 {
				t.Errorf("job %s ran %d times", payload, n)
			}
		}
	})
}

func TestUniqueAndOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen results
		r := newRunner(db, func(c *job.Config) { c.Observe = seen.observe })
		r.Register(job.Kind{Name: "k", Run: func(context.Context, job.Task) error { return nil }})
		for range 3 {
			enqueue(t, r, job.Job{Kind: "k", Unique: "u"})
			enqueue(t, r, job.Job{Kind: "k", Unique: "once", Once: true})
		}
		start(t, r)
		eventually(t, "one of each", func() bool { return seen.String() == "done done" })
		enqueue(t, r, job.Job{Kind: "k", Unique: "u"})
		enqueue(t, r, job.Job{Kind: "k", Unique: "once", Once: true})
		eventually(t, "the unique one again", func() bool { return seen.String() == "done done done" })
		time.Sleep(100 * time.Millisecond)
		if got := seen.String(); got != "done done done" {
			t.Errorf("the once one ran again: %q", got)
		}
	})
}

func TestCompleteJoinsEffectAndCompletion(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen results
		r := newRunner(db, func(c *job.Config) { c.Observe = seen.observe })
		noop := func(context.Context, job.Task) error { return nil }
		r.Register(job.Kind{Name: "effect", Run: noop})
		r.Register(job.Kind{Name: "k", Run: func(ctx context.Context, task job.Task) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				if err := r.Enqueue(ctx, job.Job{Kind: "effect", RunAt: time.Now().Add(time.Hour)}); err != nil {
					return err
				}
				if err := task.Complete(ctx); err != nil {
					return err
				}
				if task.Attempt == 1 {
					return errors.New("rolled back after completing")
				}
				return nil
			})
		}})
		start(t, r)
		enqueue(t, r, job.Job{Kind: "k"})
		eventually(t, "tried twice", func() bool { return seen.String() == "retry done" })
		if counts, err := r.Stats(t.Context()); err != nil || counts.Ready != 1 {
			t.Errorf("effects: %+v, %v; want exactly one", counts, err)
		}
	})
}

func TestEnqueueRefuses(t *testing.T) {
	t.Parallel()
	r := newRunner(storetest.SQLite(t), nil)
	r.Register(job.Kind{Name: "k", Run: func(context.Context, job.Task) error { return nil }})
	for name, j := range map[string]job.Job{
		"an unknown kind":       {Kind: "nobody"},
		"a large payload":       {Kind: "k", Payload: make([]byte, 1<<20)},
		"once without its name": {Kind: "k", Once: true},
	} {
		if err := r.Enqueue(t.Context(), j); err == nil {
			t.Errorf("%s should be refused", name)
		}
	}
}
