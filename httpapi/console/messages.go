package console

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/gateway"
	"tessera/httpapi"
)

// MessageRequest is the body of a create request; exactly one of its three
// forms applies.
type MessageRequest struct {
	Model          string          `json:"model" doc:"A name from the list of models."`
	ConversationID *string         `json:"conversation_id,omitempty" format:"uuid" nullable:"true" doc:"The conversation to go on with; null begins one."`
	Metadata       json.RawMessage `json:"metadata,omitempty" doc:"An object that comes back with the completed event."`
	ResultMode     *string         `json:"result_mode,omitempty" enum:"raw_passthrough,xml_plaintext,auto" default:"raw_passthrough" doc:"What becomes of the model's text: passed on as it is, freed of XML, or whichever fits its first characters."`
	SkipPrompt     bool            `json:"skip_prompt,omitempty" default:"false" doc:"True leaves out the server's system prompt (form 2)."`

	Text       *string         `json:"text,omitempty" nullable:"true" doc:"Forms 1 and 2: what the user says."`
	Messages   json.RawMessage `json:"messages,omitempty" doc:"Forms 1 and 2, instead of text: an array of {role, content}."`
	Tools      json.RawMessage `json:"tools,omitempty" doc:"Form 2: an array of tools, as the model's dialect has them."`
	ToolChoice json.RawMessage `json:"tool_choice,omitempty" doc:"Form 2: a string or an object."`

	Dialect *string         `json:"dialect,omitempty" enum:"openai.chat_completions,openai.responses,anthropic.messages,gemini.generate_content" doc:"Form 3: the API that payload is for. The last two are not supported yet."`
	Payload json.RawMessage `json:"payload,omitempty" doc:"Form 3: an object, the body for that API. Its model and stream are set by the server."`
}

// MessageAccepted names what was made of a create request.
type MessageAccepted struct {
	MessageID      string `json:"message_id" format:"uuid"`
	ConversationID string `json:"conversation_id" format:"uuid"`
}

// Gateway answers messages; gateway.Service does.
type Gateway interface {
	ModelLister
	Create(ctx context.Context, r gateway.Request) (messageID, conversationID uuid.UUID, err error)
	Events(ctx context.Context, userID, messageID, conversationID uuid.UUID, after int64) (*gateway.Stream, error)
}

// AddMessages adds creating a message, in a body of at most maxBytes.
func AddMessages(a *API, g Gateway, maxBytes int64) {
	schema := func(v any, name string) *huma.Schema {
		return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, name)
	}
	a.Handle(AnyUser, huma.Operation{
		OperationID: "create-message", Method: "POST", Path: "/messages", Tags: []string{"Messages"},
		Summary: "Ask a model; the reply comes as events",
		Description: "Three forms, of which exactly one applies: (1) server prompt: text or messages, and the server adds its system prompt; " +
			"(2) passthrough: skip_prompt is true, with text or messages and perhaps tools; (3) provider payload: dialect and payload, always streamed upstream. " +
			"The work begins at once in the background; an upstream that is down is an error event of the message.",
		MaxBodyBytes: maxBytes,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {
				Schema:  schema(MessageRequest{}, "MessageRequest"),
				Example: map[string]any{"model": "sim-small", "text": "Hello!", "conversation_id": nil, "metadata": map[string]any{}},
			},
		}},
		Responses: map[string]*huma.Response{
			"202": {Description: "Accepted", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schema(MessageAccepted{}, "MessageAccepted")},
			}},
			"default": problemResponse(a),
		},
	}, func(w http.ResponseWriter, r *http.Request) error {
		request, err := readMessage(r, maxBytes)
		if err != nil {
			return err
		}
		messageID, conversationID, err := g.Create(r.Context(), request)
		if err != nil {
			return err
		}
		return httpapi.WriteJSON(w, http.StatusAccepted, MessageAccepted{messageID.String(), conversationID.String()})
	})
}

func problemResponse(a *API) *huma.Response {
	return &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
		problemType: {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")},
	}}
}

// readMessage reads the body, of which the message keeps the original.
func readMessage(r *http.Request, limit int64) (gateway.Request, error) {
	if err := requireJSON(r); err != nil {
		return gateway.Request{}, err
	}
	body, err := httpapi.ReadBody(r, limit)
	if err != nil {
		return gateway.Request{}, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in MessageRequest
	if err := httpapi.DecodeJSON(r, limit, &in); err != nil {
		return gateway.Request{}, err
	}
	out := gateway.Request{
		UserID: CallerFrom(r.Context()).User.ID, RequestID: httpapi.RequestID(r.Context()), Raw: body,
		Model: in.Model, SkipPrompt: in.SkipPrompt, Text: in.Text,
		Metadata: present(in.Metadata), Messages: present(in.Messages), Tools: present(in.Tools),
		ToolChoice: present(in.ToolChoice), Payload: present(in.Payload),
	}
	if in.ResultMode != nil {
		out.ResultMode = gateway.ResultMode(*in.ResultMode)
	}
	if in.Dialect != nil {
		dialect := gateway.Dialect(*in.Dialect)
		out.Dialect = &dialect
	}
	if in.ConversationID != nil {
		id, err := parseUUID("conversation_id", *in.ConversationID)
		if err != nil {
			return gateway.Request{}, err
		}
		out.ConversationID = &id
	}
	return out, nil
}

// present is nil for what the client left out or sent as null.
func present(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}
