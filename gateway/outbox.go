package gateway

import (
	"context"
	"log/slog"
	"sync"

	"github.com/google/uuid"
)

// outbox wakes the subscribers of other replicas. It never holds up a commit,
// and several wake-ups of one message become one.
type outbox struct {
	notifier Notifier
	log      *slog.Logger
	wake     chan struct{}
	mu       sync.Mutex
	due      map[uuid.UUID]struct{}
}

func newOutbox(n Notifier, log *slog.Logger) *outbox {
	return &outbox{notifier: n, log: log, wake: make(chan struct{}, 1), due: map[uuid.UUID]struct{}{}}
}

func (o *outbox) add(id uuid.UUID) {
	if o.notifier == nil {
		return
	}
	o.mu.Lock()
	o.due[id] = struct{}{}
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		}
		o.mu.Lock()
		due := o.due
		o.due = map[uuid.UUID]struct{}{}
		o.mu.Unlock()
		for id := range due {
			if err := o.notifier.Publish(ctx, notifyTopic(id), []byte{1}); err != nil && ctx.Err() == nil {
				// Others find out by looking, within a second.
				o.log.DebugContext(ctx, "wake-up not sent", "message_id", id, "error", err)
			}
		}
	}
}
