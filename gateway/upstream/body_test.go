package upstream

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tessera/gateway"
)

func TestBodies(t *testing.T) {
	messages := []byte(`[{"role":"user","content":"hi <b>"}]`)
	tests := map[string]struct {
		call gateway.Call
		want string
	}{
		"chat, server prompt": {
			gateway.Call{Dialect: gateway.ChatCompletions, Model: "m", SystemPrompt: "S", Messages: messages},
			`{"model":"m","stream":true,"stream_options":{"include_usage":true},
			  "messages":[{"role":"system","content":"S"},{"role":"user","content":"hi <b>"}]}`,
		},
		"chat, tools": {
			gateway.Call{Dialect: gateway.ChatCompletions, Model: "m", Messages: messages, Tools: []byte(`[{"type":"function"}]`), ToolChoice: []byte(`"auto"`)},
			`{"model":"m","stream":true,"stream_options":{"include_usage":true},
			  "messages":[{"role":"user","content":"hi <b>"}],"tools":[{"type":"function"}],"tool_choice":"auto"}`,
		},
		"chat, payload": {
			gateway.Call{Dialect: gateway.ChatCompletions, Model: "m", SystemPrompt: "S", Payload: []byte(`{"model":"other","stream":false,"seed":9007199254740993,"stream_options":{}}`)},
			`{"model":"m","stream":true,"stream_options":{},"seed":9007199254740993}`,
		},
		"responses, server prompt": {
			gateway.Call{Dialect: gateway.Responses, Model: "m", SystemPrompt: "S", Messages: messages},
			`{"model":"m","stream":true,"store":false,"instructions":"S","input":[{"role":"user","content":"hi <b>"}]}`,
		},
		"responses, payload": {
			gateway.Call{Dialect: gateway.Responses, Model: "m", Payload: []byte(`{"input":"x","store":true}`)},
			`{"model":"m","stream":true,"store":true,"input":"x"}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := encodeBody(dialects[tc.call.Dialect], tc.call)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse(t, []byte(tc.want)), parse(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// parse keeps numbers as they are written.
func parse(t *testing.T, text []byte) (value any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestABadPayloadIsAnError(t *testing.T) {
	for _, d := range []gateway.Dialect{gateway.ChatCompletions, gateway.Responses} {
		if _, err := encodeBody(dialects[d], gateway.Call{Payload: []byte(`[1]`)}); err == nil {
			t.Errorf("%s took an array", d)
		}
	}
}
