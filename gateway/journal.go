package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"
)

// A commit follows the event at once, as long as they come slowly; under load
// there is one each commitEvery, after a burst of commitBurst.
const (
	commitEvery = 15 * time.Millisecond
	commitBurst = 4
	// commitTries is how often a commit is tried before its messages are given
	// up; their logs are then ended by whoever finds the lease expired.
	commitTries = 4
	// commitTimeout bounds one try. A database that is only slow must not cost
	// anybody a message.
	commitTimeout = 15 * time.Second
)

var errJournalStopped = errors.New("gateway: the journal has stopped")

// errLogLost says that the log no longer takes our events.
var errLogLost = errors.New("gateway: the message's log belongs to another by now")

// journal writes the events of all messages of this process, in shared
// transactions, and shows them once they are committed.
type journal struct {
	store     Store
	committed func(id uuid.UUID, events []Event)
	log       *slog.Logger
	limit     *rate.Limiter

	wake    chan struct{}
	mu      sync.Mutex
	next    map[uuid.UUID]*commit
	stopped bool
}

// commit is what one message gets in the next transaction.
type commit struct {
	Append
	done chan struct{} // closed when the events are durable, or err is set
	err  error
}

func newJournal(store Store, committed func(uuid.UUID, []Event), log *slog.Logger) *journal {
	return &journal{
		store: store, committed: committed, log: log,
		limit: rate.NewLimiter(rate.Every(commitEvery), commitBurst),
		wake:  make(chan struct{}, 1), next: map[uuid.UUID]*commit{},
	}
}

// add queues events and returns the commit they go into.
func (j *journal) add(a Append) *commit {
	c := j.queue(a)
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return c
}

func (j *journal) queue(a Append) *commit {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.next[a.MessageID]
	switch {
	case j.stopped:
		c = &commit{done: make(chan struct{}), err: errJournalStopped}
		close(c.done)
	case c == nil:
		c = &commit{Append: a, done: make(chan struct{})}
		j.next[a.MessageID] = c
	default:
		c.Events = append(c.Events, a.Events...)
		if a.State != "" {
			c.State, c.Reply = a.State, a.Reply
		}
	}
	return c
}

// run commits until ctx ends, and then what is left.
func (j *journal) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			j.mu.Lock()
			j.stopped = true
			j.mu.Unlock()
			j.flush(context.WithoutCancel(ctx))
			return
		case <-j.wake:
		}
		_ = j.limit.Wait(ctx) // only fails when ctx ends: then there is no reason to wait
		j.flush(context.WithoutCancel(ctx))
	}
}

func (j *journal) flush(ctx context.Context) {
	j.mu.Lock()
	batch := j.next
	j.next = make(map[uuid.UUID]*commit, len(batch))
	j.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	commits := make([]*commit, 0, len(batch))
	for _, c := range batch {
		commits = append(commits, c)
	}
	err := j.write(ctx, commits, commitTries)
	if err != nil && len(commits) > 1 && !errors.Is(err, context.DeadlineExceeded) {
		// One message's events may be what the database refuses: the others
		// must not suffer for it.
		for _, c := range commits {
			j.settle(c, j.write(ctx, []*commit{c}, 1))
		}
		return
	}
	for _, c := range commits {
		j.settle(c, err)
	}
}

// write commits a batch. A nil error means that each commit's own err is set.
func (j *journal) write(ctx context.Context, commits []*commit, tries int) error {
	batch := make([]Append, len(commits))
	for i, c := range commits {
		batch[i] = c.Append
	}
	var lost []uuid.UUID
	var err error
	for try := range tries {
		if try > 0 {
			time.Sleep(time.Duration(try) * 100 * time.Millisecond)
		}
		if lost, err = j.try(ctx, batch); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	for _, c := range commits {
		for _, id := range lost {
			if id == c.MessageID {
				c.err = errLogLost
			}
		}
	}
	return nil
}

func (j *journal) try(ctx context.Context, batch []Append) (lost []uuid.UUID, err error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	err = j.store.InTx(ctx, func(ctx context.Context) error {
		var err error
		lost, err = j.store.AppendEvents(ctx, batch)
		return err
	})
	return lost, err
}

func (j *journal) settle(c *commit, err error) {
	if err != nil {
		c.err = err
		j.log.Error("a message's events could not be written", "message_id", c.MessageID, "error", err)
	}
	if c.err == nil {
		j.committed(c.MessageID, c.Events)
	}
	close(c.done)
}
