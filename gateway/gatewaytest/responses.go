package gatewaytest

import (
	"encoding/json"
	"errors"
	"net/http"
)

func readResponses(body []byte) (ask, error) {
	var in struct {
		Model  string `json:"model"`
		Stream bool   `json:"stream"`
		Input  input  `json:"input"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return ask{}, err
	}
	if len(in.Input) == 0 {
		return ask{}, errors.New("'input' must not be empty")
	}
	return ask{Model: in.Model, Stream: in.Stream, Prompt: lastOfUser(in.Input)}, nil
}

// responses is POST /v1/responses.
func (s *Server) responses(w http.ResponseWriter, r *http.Request) {
	a, f, ok := s.accept(w, r, readResponses)
	if !ok {
		return
	}
	text := reply(a.Prompt)
	id := "resp-" + w.Header().Get("X-Request-Id")
	in, out := tokens(a.Prompt), tokens(text)
	response := func(status string) map[string]any {
		return map[string]any{"id": id, "object": "response", "created_at": s.cfg.Now().Unix(), "model": a.Model, "status": status}
	}
	whole := with(response("completed"), map[string]any{
		"output": []any{map[string]any{
			"type": "message", "role": "assistant", "content": []any{map[string]any{"type": "output_text", "text": text}},
		}},
		"usage": map[string]any{"input_tokens": in, "output_tokens": out, "total_tokens": in + out},
	})
	if !a.Stream || f == NotStreamed {
		writeJSON(w, whole)
		return
	}
	sp := s.speak(w, r)
	sequence := 0
	send := func(kind string, more map[string]any) {
		sp.event(kind, with(more, map[string]any{"type": kind, "sequence_number": sequence}))
		sequence++
	}
	send("response.created", map[string]any{"response": response("in_progress")})
	if !sp.words(text, f, func(word string) {
		send("response.output_text.delta", map[string]any{"item_id": "msg-" + id, "output_index": 0, "content_index": 0, "delta": word})
	}) {
		return
	}
	send("response.output_text.done", map[string]any{"item_id": "msg-" + id, "text": text})
	send("response.completed", map[string]any{"response": whole})
}
