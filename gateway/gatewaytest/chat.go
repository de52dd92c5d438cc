package gatewaytest

import (
	"encoding/json"
	"errors"
	"net/http"
)

func readChat(body []byte) (ask, error) {
	var in struct {
		Model         string    `json:"model"`
		Stream        bool      `json:"stream"`
		Messages      []message `json:"messages"`
		StreamOptions struct {
			IncludeUsage bool `json:"include_usage"`
		} `json:"stream_options"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return ask{}, err
	}
	if len(in.Messages) == 0 {
		return ask{}, errors.New("'messages' must not be empty")
	}
	return ask{Model: in.Model, Stream: in.Stream, Prompt: lastOfUser(in.Messages), Usage: in.StreamOptions.IncludeUsage}, nil
}

// chat is POST /v1/chat/completions.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	a, f, ok := s.accept(w, r, readChat)
	if !ok {
		return
	}
	text := reply(a.Prompt)
	base := map[string]any{
		"id": "chatcmpl-" + w.Header().Get("X-Request-Id"), "created": s.cfg.Now().Unix(), "model": a.Model,
	}
	if !a.Stream || f == NotStreamed {
		writeJSON(w, with(base, map[string]any{
			"object":  "chat.completion",
			"choices": []any{map[string]any{"index": 0, "message": map[string]any{"role": "assistant", "content": text}, "finish_reason": "stop"}},
			"usage":   chatUsage(a.Prompt, text),
		}))
		return
	}
	sp := s.speak(w, r)
	chunk := func(delta map[string]any, finish any) {
		sp.event("", with(base, map[string]any{
			"object":  "chat.completion.chunk",
			"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}},
		}))
	}
	chunk(map[string]any{"role": "assistant", "content": ""}, nil)
	if !sp.words(text, f, func(word string) { chunk(map[string]any{"content": word}, nil) }) {
		return
	}
	chunk(map[string]any{}, "stop")
	if a.Usage {
		sp.event("", with(base, map[string]any{"object": "chat.completion.chunk", "choices": []any{}, "usage": chatUsage(a.Prompt, text)}))
	}
	sp.write("data: [DONE]\n\n")
}

func chatUsage(prompt, text string) map[string]any {
	in, out := tokens(prompt), tokens(text)
	return map[string]any{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out}
}

// with is base and more in one new object.
func with(base, more map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(more))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}
