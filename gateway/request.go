package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tessera/fault"
)

// Request is a create request, read but not judged. A field the client left
// out, or sent as null, is nil.
type Request struct {
	UserID    uuid.UUID
	RequestID string
	Raw       json.RawMessage // the body as it came

	Model          string
	ConversationID *uuid.UUID // nil = begin one
	Metadata       json.RawMessage
	ResultMode     ResultMode // "" = raw_passthrough
	SkipPrompt     bool

	Text       *string         // server prompt and passthrough
	Messages   json.RawMessage // server prompt and passthrough
	Tools      json.RawMessage // passthrough
	ToolChoice json.RawMessage // passthrough

	Dialect *Dialect        // provider payload
	Payload json.RawMessage // provider payload
}

const maxMetadataBytes = 16 << 10

// refusals collects what is wrong, so that a client hears of all of it.
type refusals struct{ fault *fault.Fault }

func (r *refusals) on(field, format string, args ...any) {
	if r.fault == nil {
		r.fault = ErrRequestRefused
	}
	r.fault = r.fault.On(field, fmt.Sprintf(format, args...))
}

func (r *refusals) err() error {
	if r.fault == nil {
		return nil
	}
	first := r.fault.Fields[0]
	return r.fault.Saying("%s: %s", first.Name, first.Message)
}

// form tells which of the three forms the request has; the rules of a form
// then name the fields that do not belong to it.
func (r *Request) form() Form {
	switch {
	case r.Dialect != nil || r.Payload != nil:
		return ProviderPayload
	case r.SkipPrompt:
		return Passthrough
	default:
		return ServerPrompt
	}
}

// check applies every rule that needs no list of models.
func (r *Request) check() error {
	var bad refusals
	if strings.TrimSpace(r.Model) == "" {
		bad.on("model", "name a model from the list of models")
	}
	switch r.ResultMode {
	case "", RawPassthrough, XMLPlaintext, AutoResult:
	default:
		bad.on("result_mode", "want raw_passthrough, xml_plaintext or auto")
	}
	if r.ConversationID != nil && *r.ConversationID == uuid.Nil {
		bad.on("conversation_id", "want a UUID that is not zero, or null")
	}
	if r.Metadata != nil && (jsonKind(r.Metadata) != '{' || !json.Valid(r.Metadata)) {
		bad.on("metadata", "want an object")
	}
	if len(r.Metadata) > maxMetadataBytes {
		bad.on("metadata", "want at most %d bytes", maxMetadataBytes)
	}
	if r.form() == ProviderPayload {
		r.checkPayload(&bad)
	} else {
		r.checkText(&bad)
	}
	if err := bad.err(); err != nil {
		return err
	}
	if r.Dialect != nil && !slices.Contains(servedDialects, *r.Dialect) {
		return ErrDialectNotSupported.On("dialect", "want openai.chat_completions or openai.responses")
	}
	return nil
}

func (r *Request) checkPayload(bad *refusals) {
	switch {
	case r.Dialect == nil:
		bad.on("dialect", "a payload needs its dialect")
	case !slices.Contains(knownDialects, *r.Dialect):
		bad.on("dialect", "want one of %s", joined(knownDialects))
	}
	switch {
	case r.Payload == nil:
		bad.on("payload", "a dialect needs its payload")
	case jsonKind(r.Payload) != '{':
		bad.on("payload", "want an object")
	}
	const alone = "does not go with payload; put it inside"
	if r.Text != nil {
		bad.on("text", alone)
	}
	if r.Messages != nil {
		bad.on("messages", alone)
	}
	if r.Tools != nil {
		bad.on("tools", alone)
	}
	if r.ToolChoice != nil {
		bad.on("tool_choice", alone)
	}
}

func (r *Request) checkText(bad *refusals) {
	switch {
	case r.Text == nil && r.Messages == nil:
		bad.on("text", "text or messages must be there")
	case r.Text != nil && r.Messages != nil:
		bad.on("messages", "send text or messages, not both")
	case r.Text != nil && strings.TrimSpace(*r.Text) == "":
		bad.on("text", "must not be blank")
	}
	checkMessages(r.Messages, bad)
	if !r.SkipPrompt {
		const needsSkip = "needs skip_prompt: true"
		if r.Tools != nil {
			bad.on("tools", needsSkip)
		}
		if r.ToolChoice != nil {
			bad.on("tool_choice", needsSkip)
		}
		return
	}
	checkTools(r.Tools, r.ToolChoice, bad)
}

// messageRoles are the roles of the Chat Completions and Responses APIs.
var messageRoles = []string{"system", "developer", "user", "assistant", "tool"}

func checkMessages(raw json.RawMessage, bad *refusals) {
	if raw == nil {
		return
	}
	var items []json.RawMessage
	if jsonKind(raw) != '[' || json.Unmarshal(raw, &items) != nil {
		bad.on("messages", "want an array")
		return
	}
	if len(items) == 0 {
		bad.on("messages", "want at least one message")
	}
	for i, item := range items {
		field := fmt.Sprintf("messages[%d]", i)
		var m struct {
			Role    json.RawMessage `json:"role"`
			Content json.RawMessage `json:"content"`
		}
		if jsonKind(item) != '{' || json.Unmarshal(item, &m) != nil {
			bad.on(field, "want an object with role and content")
			continue
		}
		var role string
		if json.Unmarshal(m.Role, &role) != nil || !slices.Contains(messageRoles, role) {
			bad.on(field+".role", "want one of %s", strings.Join(messageRoles, ", "))
		}
		if kind := jsonKind(m.Content); !strings.ContainsRune("\"[n\x00", rune(kind)) {
			bad.on(field+".content", "want a string or an array of parts")
		}
	}
}

func checkTools(tools, choice json.RawMessage, bad *refusals) {
	var items []json.RawMessage
	if tools != nil && (jsonKind(tools) != '[' || json.Unmarshal(tools, &items) != nil) {
		bad.on("tools", "want an array")
	}
	for i, item := range items {
		if jsonKind(item) != '{' {
			bad.on(fmt.Sprintf("tools[%d]", i), "want an object")
		}
	}
	if choice != nil && !strings.ContainsRune("\"{", rune(jsonKind(choice))) {
		bad.on("tool_choice", "want a string or an object")
	}
}

// jsonKind is the first character of a JSON value ('{', '[', '"', 'n' for
// null, ...), 0 where there is none.
func jsonKind(raw json.RawMessage) byte {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	if len(trimmed) == 0 {
		return 0
	}
	return trimmed[0]
}

func joined(dialects []Dialect) string {
	names := make([]string, len(dialects))
	for i, d := range dialects {
		names[i] = string(d)
	}
	return strings.Join(names, ", ")
}

// call builds what the upstream is asked. The request has passed check.
func (r *Request) call(m Model, systemPrompt string) Call {
	c := Call{Dialect: m.Dialects[0], Model: m.Upstream, RequestID: r.RequestID}
	if r.form() == ProviderPayload {
		c.Dialect, c.Payload = *r.Dialect, r.Payload
		return c
	}
	if r.form() == ServerPrompt {
		c.SystemPrompt = systemPrompt
	}
	c.Messages, c.Tools, c.ToolChoice = r.Messages, r.Tools, r.ToolChoice
	if r.Text != nil {
		c.Messages = encode([]map[string]string{{"role": "user", "content": *r.Text}})
	}
	return c
}
