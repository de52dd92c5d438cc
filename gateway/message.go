package gateway

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// State is where a message stands; see the package comment.
type State string

// States of a message.
const (
	Queued    State = "queued"
	Working   State = "working"
	Completed State = "completed"
	Failed    State = "failed"
)

// Final reports whether the log has its terminal event.
func (s State) Final() bool { return s == Completed || s == Failed }

// Form is which of the three request forms a message came in.
type Form string

// Request forms.
const (
	ServerPrompt    Form = "server_prompt"    // the system prompt is added
	Passthrough     Form = "passthrough"      // messages go as they are
	ProviderPayload Form = "provider_payload" // the body goes as it is
)

// ResultMode says what becomes of the text between upstream and client; see
// plaintext.go.
type ResultMode string

// Result modes. RawPassthrough is the default.
const (
	RawPassthrough ResultMode = "raw_passthrough"
	XMLPlaintext   ResultMode = "xml_plaintext"
	AutoResult     ResultMode = "auto"
)

// Message is one request to a model and where its reply stands.
type Message struct {
	ID             uuid.UUID
	ConversationID uuid.UUID // the thread of one user's messages that it belongs to
	UserID         uuid.UUID
	RequestID      string // of the call that created it
	Form           Form
	Model          string // as the client named it
	Dialect        Dialect
	ResultMode     ResultMode
	Request        json.RawMessage // the body as it came
	Metadata       json.RawMessage // a JSON object, given back with the reply
	State          State
	Reply          string // whole, once completed
	LastPosition   int64  // of the newest event
	LeaseOwner     string
	LeaseUntil     time.Time // zero once final
	CreatedAt      time.Time
	FinishedAt     time.Time // zero until final
	ExpiresAt      time.Time // when it may be purged
}
