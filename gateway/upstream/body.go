package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"

	"tessera/gateway"
)

// A dialect is one API of the server.
type dialect struct {
	path   string
	body   func(gateway.Call) (map[string]json.RawMessage, error)
	decode func(event string, data []byte) (piece, error)
}

var dialects = map[gateway.Dialect]dialect{
	gateway.ChatCompletions: {path: "/chat/completions", body: chatBody, decode: decodeChat},
	gateway.Responses:       {path: "/responses", body: responsesBody, decode: decodeResponses},
}

// encodeBody is the JSON of a call. The model is the allowed one and the answer
// is streamed, whatever a payload says.
func encodeBody(d dialect, call gateway.Call) ([]byte, error) {
	fields, err := d.body(call)
	if err != nil {
		return nil, err
	}
	fields["model"] = quoted(call.Model)
	fields["stream"] = json.RawMessage("true")
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return nil, fmt.Errorf("upstream body: %w", err)
	}
	return b.Bytes(), nil
}

// chatBody is POST /chat/completions. Usage comes only when asked for.
func chatBody(call gateway.Call) (map[string]json.RawMessage, error) {
	fields, err := payload(call)
	if err != nil {
		return nil, err
	}
	if _, set := fields["stream_options"]; !set {
		fields["stream_options"] = json.RawMessage(`{"include_usage":true}`)
	}
	if call.Payload != nil {
		return fields, nil
	}
	messages, err := withSystem(call)
	if err != nil {
		return nil, err
	}
	fields["messages"] = messages
	addTools(fields, call)
	return fields, nil
}

// responsesBody is POST /responses. The server is told not to keep what we
// keep ourselves.
func responsesBody(call gateway.Call) (map[string]json.RawMessage, error) {
	fields, err := payload(call)
	if err != nil || call.Payload != nil {
		return fields, err
	}
	if call.SystemPrompt != "" {
		fields["instructions"] = quoted(call.SystemPrompt)
	}
	fields["input"] = call.Messages
	fields["store"] = json.RawMessage("false")
	addTools(fields, call)
	return fields, nil
}

func payload(call gateway.Call) (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if call.Payload == nil {
		return fields, nil
	}
	if err := json.Unmarshal(call.Payload, &fields); err != nil {
		return nil, fmt.Errorf("upstream payload: %w", err)
	}
	return fields, nil
}

func withSystem(call gateway.Call) (json.RawMessage, error) {
	if call.SystemPrompt == "" {
		return call.Messages, nil
	}
	var messages []json.RawMessage
	if err := json.Unmarshal(call.Messages, &messages); err != nil {
		return nil, fmt.Errorf("upstream messages: %w", err)
	}
	system, err := json.Marshal(map[string]string{"role": "system", "content": call.SystemPrompt})
	if err != nil {
		return nil, err
	}
	return json.Marshal(append([]json.RawMessage{system}, messages...))
}

func addTools(fields map[string]json.RawMessage, call gateway.Call) {
	if call.Tools != nil {
		fields["tools"] = call.Tools
	}
	if call.ToolChoice != nil {
		fields["tool_choice"] = call.ToolChoice
	}
}

func quoted(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic("upstream: a string that is not JSON: " + err.Error()) // cannot be
	}
	return b
}
