package gateway

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps messages and their logs.
type Store interface {
	// InTx runs fn in a transaction, which its context carries; fn may run
	// more than once.
	InTx(ctx context.Context, fn func(context.Context) error) error
	// CreateMessage adds a message with the first event of its log, and its
	// conversation where there is none yet. A conversation of another user is
	// ErrConversationNotFound.
	CreateMessage(ctx context.Context, m Message, first Event) error
	// Message returns a user's own message, or ErrMessageNotFound.
	Message(ctx context.Context, userID, messageID uuid.UUID) (Message, error)
	// EventsAfter returns up to limit events behind a position, in order.
	EventsAfter(ctx context.Context, messageID uuid.UUID, position int64, limit int) ([]Event, error)
	// AppendEvents adds to several logs and returns the messages that did not
	// take theirs, because the lease is another's or the log went on without us.
	AppendEvents(ctx context.Context, batch []Append) (lost []uuid.UUID, err error)
	// RenewLeases moves on the leases that owner still holds on messages.
	RenewLeases(ctx context.Context, owner string, messageIDs []uuid.UUID, until time.Time) error
	// ExpiredLeases returns up to limit unfinished messages whose lease ended
	// before a time.
	ExpiredLeases(ctx context.Context, before time.Time, limit int) ([]uuid.UUID, error)
	// InterruptMessage ends an unfinished message whose lease ended before a
	// time: the terminal event takes the next position. False = it had been
	// finished, or renewed, in the meantime.
	InterruptMessage(ctx context.Context, messageID uuid.UUID, before time.Time, terminal Event) (bool, error)
	// PurgeMessages deletes up to limit finished messages that expired before
	// a time, with their logs, and conversations that are empty and as old.
	PurgeMessages(ctx context.Context, before time.Time, limit int) (int, error)
}

// Append is what a log gets in one commit.
type Append struct {
	MessageID  uuid.UUID
	LeaseOwner string
	Events     []Event // positions without a gap
	// State is the message's new state, "" = as it is. A final one frees the
	// lease and keeps Reply.
	State State
	Reply string
}

// Upstream is the model's server.
type Upstream interface {
	// Endpoint names the server in events.
	Endpoint() Endpoint
	// Models lists the models that the server offers. It fails with the
	// gateway.upstream_... faults, as Stream does.
	Models(ctx context.Context) ([]string, error)
	// Stream runs one call, always streamed, and returns nil only after a
	// whole reply. An error of the sink is returned as it is.
	Stream(ctx context.Context, call Call, sink Sink) error
}

// Endpoint is one configured upstream.
type Endpoint struct {
	ID       string
	Provider string
}

// Call is one request to an upstream. Payload is a whole body of the dialect;
// where it is nil the others make one.
type Call struct {
	Dialect      Dialect
	Model        string // the upstream's name of it
	RequestID    string // ours, passed on for reconciliation
	SystemPrompt string
	Messages     []byte // a JSON array of {role, content}
	Tools        []byte // a JSON array, or nil
	ToolChoice   []byte // JSON, or nil
	Payload      []byte // a JSON object, or nil
}

// Sink takes a reply as it comes.
type Sink interface {
	// Routed is called once, when the upstream has accepted the call.
	Routed(upstreamRequestID string) error
	Frame(Frame) error
}

// Frame is one event from an upstream.
type Frame struct {
	Event string // its SSE event type, "message" by default
	Raw   string // its data as it came, without our key
	Text  string // what it adds to the reply
	Usage *Usage // in the frame that tells it
}

// Usage is what the upstream counted, in tokens.
type Usage struct {
	Input, Output, CachedInput, Reasoning int64
}

// Slots are counted leases; see store/kv.
type Slots interface {
	Acquire(ctx context.Context, key, holder string, max int, ttl time.Duration) (bool, error)
	Renew(ctx context.Context, key, holder string, ttl time.Duration) (bool, error)
	Release(ctx context.Context, key, holder string) error
}

// Notifier carries wake-ups between replicas. Losing one costs a second at
// most.
type Notifier interface {
	Publish(ctx context.Context, topic string, payload []byte) error
	Subscribe(ctx context.Context, topic string) (<-chan []byte, error)
}
