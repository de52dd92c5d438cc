package gateway

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
)

const (
	pollEvery   = time.Second      // how often a subscriber looks at the table unasked
	readAtOnce  = 256              // events a subscriber reads in one go
	slotLease   = 15 * time.Second // how long a vanished process blocks a conversation
	slotRetry   = 5 * time.Second  // what a refused subscriber is told to wait
	slotRelease = 5 * time.Second  // how long giving the slot back may take
)

// Stream is one subscriber's way through a message's log. It is used by one
// goroutine, and Close must be called.
type Stream struct {
	MessageID uuid.UUID
	RequestID string // of the call that created the message

	s        *Service
	position int64 // of the last event given out
	ready    []Event
	ended    bool
	topic    *topic
	remote   <-chan []byte
	cancel   context.CancelFunc
	ctx      context.Context // ends the remote subscription
	slotKey  string
	holder   string
	slotTill time.Time // when the slot must be renewed
}

// Events opens a stream of the user's own message, behind a position. One
// stream per user and conversation: a second is ErrStreamLimit. A message that
// is not the user's, or not of that conversation (uuid.Nil = any), is
// ErrMessageNotFound.
func (s *Service) Events(ctx context.Context, userID, messageID, conversationID uuid.UUID, after int64) (*Stream, error) {
	m, err := s.store.Message(ctx, userID, messageID)
	if err != nil {
		return nil, err
	}
	if conversationID != uuid.Nil && conversationID != m.ConversationID {
		return nil, ErrMessageNotFound
	}
	st := &Stream{
		MessageID: m.ID, RequestID: m.RequestID, s: s, position: startBehind(m, after),
		slotKey: "message-stream:" + userID.String() + ":" + m.ConversationID.String(), holder: uuid.NewString(),
	}
	if err := s.streams.enter(); err != nil {
		return nil, err
	}
	if err := st.takeSlot(ctx); err != nil {
		s.streams.leave()
		return nil, err
	}
	st.ctx, st.cancel = context.WithCancel(context.WithoutCancel(ctx))
	st.topic = s.hub.join(m.ID)
	st.listen(st.ctx)
	s.hooks.StreamOpened()
	return st, nil
}

// startBehind is where a stream begins. Every stream ends with the terminal
// event, so one that has it already gets it again; a position that the log
// does not have came from somewhere else, and is worth nothing.
func startBehind(m Message, after int64) int64 {
	switch {
	case after < 0 || after > m.LastPosition:
		return 0
	case m.State.Final() && after == m.LastPosition:
		return after - 1
	default:
		return after
	}
}

// listen asks for wake-ups from other replicas. Without them the stream still
// looks once a second.
func (st *Stream) listen(ctx context.Context) {
	if st.s.notifier == nil {
		return
	}
	remote, err := st.s.notifier.Subscribe(ctx, notifyTopic(st.MessageID))
	if err != nil {
		st.s.log.WarnContext(ctx, "no wake-ups for a stream", "message_id", st.MessageID, "error", err)
		return
	}
	st.remote = remote
}

func notifyTopic(id uuid.UUID) string { return "message:" + id.String() }

// takeSlot takes or renews the slot. A coordination server that does not
// answer does not stop anybody's stream.
func (st *Stream) takeSlot(ctx context.Context) error {
	ok, err := st.s.slots.Acquire(ctx, st.slotKey, st.holder, 1, slotLease)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		st.s.log.WarnContext(ctx, "stream slots are not available", "error", err)
		ok = true
	}
	if !ok {
		return ErrStreamLimit.After(slotRetry)
	}
	st.slotTill = st.s.now().Add(slotLease / 3)
	return nil
}

// Close frees the slot. It may be called more than once.
func (st *Stream) Close() {
	if st.cancel == nil {
		return
	}
	st.cancel()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(st.ctx), slotRelease)
	defer cancel()
	st.cancel = nil
	if err := st.s.slots.Release(ctx, st.slotKey, st.holder); err != nil {
		st.s.log.WarnContext(ctx, "a stream slot was not given back; its lease runs out", "error", err)
	}
	st.s.hub.leave(st.MessageID)
	st.s.streams.leave()
	st.s.hooks.StreamClosed()
}

// Next returns the next event, or a heartbeat after a silence. io.EOF follows
// the terminal event. ErrShuttingDown ends a stream early; a client then comes
// back with the last id it saw.
func (st *Stream) Next(ctx context.Context) (Event, error) {
	if st.ended {
		return Event{}, io.EOF
	}
	silence := time.NewTimer(st.s.cfg.Heartbeat)
	defer silence.Stop()
	why := woken
	for len(st.ready) == 0 {
		if err := st.keepSlot(ctx); err != nil {
			return Event{}, err
		}
		changed, err := st.look(ctx, why == polled)
		if err != nil {
			return Event{}, err
		}
		if len(st.ready) > 0 {
			break
		}
		if why, err = st.wait(ctx, changed, silence.C); err != nil {
			return Event{}, err
		}
		if why == silent {
			return heartbeatEvent(st.s.now()), nil
		}
	}
	e := st.ready[0]
	st.ready = st.ready[1:]
	st.position, st.ended = e.Position, e.Terminal
	return e, nil
}

// More reports whether Next has an event at hand, so that a surface need not
// send each by itself.
func (st *Stream) More() bool { return len(st.ready) > 0 }

func (st *Stream) keepSlot(ctx context.Context) error {
	if st.s.now().Before(st.slotTill) {
		return nil
	}
	return st.takeSlot(ctx) // whoever has the slot keeps it, renewed
}

// look fetches what there is, from memory or from the table. Asked for the
// table, it does not believe memory that nothing is new: another process may
// have ended the message that we believe to work on.
func (st *Stream) look(ctx context.Context, table bool) (changed <-chan struct{}, err error) {
	events, known, changed := st.topic.after(st.position)
	if !known || table && len(events) == 0 {
		events, err = st.s.store.EventsAfter(ctx, st.MessageID, st.position, readAtOnce)
	}
	st.ready = events
	return changed, err
}

// wakeup is why a stream stopped waiting.
type wakeup int

const (
	woken  wakeup = iota // there may be something to read
	polled               // a second went by
	silent               // it is time for a heartbeat
)

func (st *Stream) wait(ctx context.Context, changed <-chan struct{}, silence <-chan time.Time) (wakeup, error) {
	poll := time.NewTimer(pollEvery)
	defer poll.Stop()
	select {
	case <-changed:
	case _, open := <-st.remote:
		if !open {
			st.remote = nil // a nil channel never fires: the poll remains
		}
	case <-poll.C:
		return polled, nil
	case <-silence:
		return silent, nil
	case <-st.s.streams.closing:
		return woken, ErrShuttingDown.After(shutdownRetry)
	case <-ctx.Done():
		return woken, errors.Join(ctx.Err(), context.Cause(ctx))
	}
	return woken, nil
}
