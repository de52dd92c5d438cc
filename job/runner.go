package job

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Config is what a [Runner] needs. Zero durations and counts mean the default.
type Config struct {
	Store Store
	Now   func() time.Time
	Log   *slog.Logger
	// Observe is told of each ended attempt, for metrics: result is "done",
	// "retry", "dead", "lost" or "interrupted". May be nil.
	Observe func(kind, result string, took time.Duration)

	Workers   int           // attempts at a time; 4
	Lease     time.Duration // how long a stalled worker keeps a job; 1 min
	Poll      time.Duration // how often other replicas' and later jobs are looked for; 1 s
	Grace     time.Duration // how long running attempts may go on at shutdown; 10 s
	KeepDone  time.Duration // how long done jobs are kept; 72 h
	KeepDead  time.Duration // how long dead jobs are kept; 30 days
	BackoffOf func(attempt int) time.Duration
}

func (c Config) withDefaults() Config {
	c.Workers = cmp.Or(c.Workers, 4)
	c.Lease = cmp.Or(c.Lease, time.Minute)
	c.Poll = cmp.Or(c.Poll, time.Second)
	c.Grace = cmp.Or(c.Grace, 10*time.Second)
	c.KeepDone = cmp.Or(c.KeepDone, 72*time.Hour)
	c.KeepDead = cmp.Or(c.KeepDead, 30*24*time.Hour)
	if c.Observe == nil {
		c.Observe = func(string, string, time.Duration) {}
	}
	if c.BackoffOf == nil {
		c.BackoffOf = backoff
	}
	return c
}

// Handler runs one attempt of a job. Its context ends when the attempt takes
// too long, when the lease is lost, and when shutdown has waited long enough.
type Handler func(ctx context.Context, task Task) error

// Kind is a sort of work and how it is done.
type Kind struct {
	Name        string
	Run         Handler
	Timeout     time.Duration // of an attempt; 0 = 5 min
	MaxAttempts int           // then the job is dead; 0 = 12, a good hour of trying
	// Every makes the kind periodic: one job per slot of that length over all
	// replicas, aligned to UTC midnight for lengths that divide a day. At most
	// 24 h. 0 = only when enqueued.
	Every time.Duration
}

// Runner queues and runs jobs. Kinds are registered before Run; everything
// else is safe for concurrent use.
type Runner struct {
	config   Config
	kinds    map[string]Kind
	wake     chan struct{}
	slots    chan struct{}        // one per free worker
	enqueued map[string]time.Time // last slot of each periodic kind, used by Run only
}

// New returns a runner that knows no kind yet but its own housekeeping.
func New(config Config) *Runner {
	r := &Runner{
		config:   config.withDefaults(),
		kinds:    map[string]Kind{},
		wake:     make(chan struct{}, 1),
		enqueued: map[string]time.Time{},
	}
	r.slots = make(chan struct{}, r.config.Workers)
	r.Register(Kind{Name: "job.purge", Run: r.purge, Every: time.Hour})
	return r
}

// Register adds a kind. It panics on one that is incomplete or known already:
// that is a mistake in the program, found at its start.
func (r *Runner) Register(kind Kind) {
	_, known := r.kinds[kind.Name]
	if kind.Name == "" || kind.Run == nil || known || kind.Every < 0 || kind.Every > 24*time.Hour {
		panic(fmt.Sprintf("job: kind %q cannot be registered (known: %v, every: %v)", kind.Name, known, kind.Every))
	}
	kind.Timeout = cmp.Or(kind.Timeout, 5*time.Minute)
	kind.MaxAttempts = cmp.Or(kind.MaxAttempts, 12)
	r.kinds[kind.Name] = kind
}

// Enqueue writes a job in the context's transaction. A job of the same kind
// and unique name that is there already stands for this one.
func (r *Runner) Enqueue(ctx context.Context, j Job) error {
	kind, known := r.kinds[j.Kind]
	if !known {
		return fmt.Errorf("job: nobody handles kind %q", j.Kind)
	}
	if len(j.Payload) > maxPayload {
		return fmt.Errorf("job: payload of %d bytes is over %d", len(j.Payload), maxPayload)
	}
	id, err := j.id()
	if err != nil {
		return err
	}
	now := r.config.Now()
	row := Row{
		ID: id, Kind: j.Kind, Unique: j.Unique, Payload: j.Payload,
		MaxAttempts: kind.MaxAttempts, RunAt: j.RunAt, CreatedAt: now,
	}
	if row.RunAt.IsZero() {
		row.RunAt = now
	}
	added, err := r.config.Store.AddJob(ctx, row)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", j.Kind, err)
	}
	if added && !row.RunAt.After(now) {
		r.config.Store.AfterCommit(ctx, r.poke)
	}
	return nil
}

// poke makes Run look for jobs now.
func (r *Runner) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Stats counts the jobs that are not done.
func (r *Runner) Stats(ctx context.Context) (Counts, error) { return r.config.Store.CountJobs(ctx) }

// Run works until ctx ends and the attempts then running have ended too.
func (r *Runner) Run(ctx context.Context) error {
	// Handlers outlive ctx by the grace period, and no longer.
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running sync.WaitGroup
	ticker := time.NewTicker(r.config.Poll)
	defer ticker.Stop()
	for {
		r.enqueuePeriodic(ctx)
		r.startDue(ctx, attempts, &running)
		select {
		case <-ctx.Done():
			timer := time.AfterFunc(r.config.Grace, cut)
			running.Wait()
			timer.Stop()
			return nil
		case <-r.wake:
		case <-ticker.C:
		}
	}
}

// startDue starts as many due jobs as there are free workers.
func (r *Runner) startDue(ctx, attempts context.Context, running *sync.WaitGroup) {
	free := cap(r.slots) - len(r.slots) // only this goroutine takes slots
	if free == 0 || ctx.Err() != nil {
		return
	}
	now := r.config.Now()
	claims, err := r.config.Store.ClaimJobs(ctx, r.names(), free, now, now.Add(r.config.Lease))
	if err != nil {
		if ctx.Err() == nil {
			r.config.Log.ErrorContext(ctx, "jobs cannot be claimed", "error", err)
		}
		return
	}
	for _, claim := range claims {
		r.slots <- struct{}{}
		running.Go(func() {
			// Whoever ends looks for the next job, also when all were busy before.
			defer func() { <-r.slots; r.poke() }()
			r.attempt(attempts, claim)
		})
	}
}

func (r *Runner) names() []string {
	names := make([]string, 0, len(r.kinds))
	for name := range r.kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// enqueuePeriodic adds the job of the current slot of each periodic kind. All
// replicas do so; the row's key lets one of them win.
func (r *Runner) enqueuePeriodic(ctx context.Context) {
	for name, kind := range r.kinds {
		if kind.Every == 0 {
			continue
		}
		slot := r.config.Now().UTC().Truncate(kind.Every)
		if r.enqueued[name].Equal(slot) {
			continue
		}
		if err := r.Enqueue(ctx, Job{Kind: name, Unique: slot.Format(time.RFC3339), Once: true}); err != nil {
			if ctx.Err() == nil {
				r.config.Log.ErrorContext(ctx, "a periodic job cannot be enqueued", "kind", name, "error", err)
			}
			continue
		}
		r.enqueued[name] = slot
	}
}

// purge deletes what ended long ago, in portions that hold no writer up.
func (r *Runner) purge(ctx context.Context, _ Task) error {
	const portion = 500
	now := r.config.Now()
	for {
		n, err := r.config.Store.PurgeJobs(ctx, now.Add(-r.config.KeepDone), now.Add(-r.config.KeepDead), portion)
		if err != nil || n < portion {
			return err
		}
	}
}
