package identity

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
)

// Activity notes when users were last active, at most once a minute for each,
// whatever they do and however many replicas serve them.
//
// A replica remembers whom it noted lately, which spares almost every write;
// that of all replicas together there is one a minute is the condition of the
// statement itself. Requests never wait for it: it is written beside them every
// second, many users in one statement, and once more at the stop.
type Activity struct {
	store ActivityStore
	now   func() time.Time
	log   *slog.Logger
	noted *otter.Cache[uuid.UUID, time.Time]

	mu      sync.Mutex
	waiting map[uuid.UUID]struct{}
}

// ActivityStore keeps when users were last active.
type ActivityStore interface {
	// TouchActive notes at for those of the users whose note is older than
	// stale, or missing, and returns how many that were.
	TouchActive(ctx context.Context, users []uuid.UUID, at, stale time.Time) (int, error)
}

const (
	activityStep     = time.Minute // how exact the note is
	activityPause    = time.Second // between two statements
	rememberedUsers  = 100_000
	maxWaitingUsers  = 50_000 // while the database is away; more go unnoted
	usersInStatement = 500
)

// NewActivity returns notes that are kept in store. Run writes them.
func NewActivity(store ActivityStore, now func() time.Time, log *slog.Logger) (*Activity, error) {
	noted, err := otter.New(&otter.Options[uuid.UUID, time.Time]{MaximumSize: rememberedUsers})
	if err != nil {
		return nil, err
	}
	return &Activity{store: store, now: now, log: log, noted: noted, waiting: map[uuid.UUID]struct{}{}}, nil
}

// Seen notes that a user is active now. It neither waits nor fails.
func (a *Activity) Seen(user uuid.UUID) {
	now := a.now()
	if at, found := a.noted.GetIfPresent(user); found && now.Sub(at) < activityStep {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) < maxWaitingUsers {
		a.waiting[user] = struct{}{}
		a.noted.Set(user, now)
	}
}

// Run writes the notes until ctx ends, and then what is left.
func (a *Activity) Run(ctx context.Context) {
	ticker := time.NewTicker(activityPause)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			a.flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			a.flush(last)
			return
		}
	}
}

// flush writes what waits. What cannot be written is dropped: the next thing
// that the user does notes it again.
func (a *Activity) flush(ctx context.Context) {
	now := a.now()
	for {
		batch := a.take()
		if len(batch) == 0 {
			return
		}
		if _, err := a.store.TouchActive(ctx, batch, now, now.Add(-activityStep)); err != nil {
			a.log.WarnContext(ctx, "when users were last active was not noted", "users", len(batch), "error", err)
			for _, user := range batch {
				a.noted.Invalidate(user)
			}
			return
		}
	}
}

func (a *Activity) take() []uuid.UUID {
	a.mu.Lock()
	defer a.mu.Unlock()
	batch := make([]uuid.UUID, 0, min(len(a.waiting), usersInStatement))
	for user := range a.waiting {
		if len(batch) == usersInStatement {
			break
		}
		batch = append(batch, user)
		delete(a.waiting, user)
	}
	return batch
}
