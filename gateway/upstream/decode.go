package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"

	"tessera/gateway"
)

// piece is what one event of a stream says.
type piece struct {
	text    string
	usage   *gateway.Usage
	problem *problem // the server gave up
	last    bool     // the reply is whole; an end of the stream is no fault from here on
	done    bool     // nothing follows
}

// decodeChat reads an event of a chat completion. Only the first choice is the
// reply; a refusal is text that the user should read.
// https://platform.openai.com/docs/api-reference/chat-streaming
func decodeChat(_ string, data []byte) (piece, error) {
	if bytes.Equal(data, []byte("[DONE]")) {
		return piece{last: true, done: true}, nil
	}
	var chunk struct {
		Choices []struct {
			Index int `json:"index"`
			Delta struct {
				Content string `json:"content"`
				Refusal string `json:"refusal"`
			} `json:"delta"`
			FinishReason string `json:"finish_reason"`
		} `json:"choices"`
		Usage *struct {
			PromptTokens        int64 `json:"prompt_tokens"`
			CompletionTokens    int64 `json:"completion_tokens"`
			PromptTokensDetails struct {
				CachedTokens int64 `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
			CompletionTokensDetails struct {
				ReasoningTokens int64 `json:"reasoning_tokens"`
			} `json:"completion_tokens_details"`
		} `json:"usage"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(data, &chunk); err != nil {
		return piece{}, fmt.Errorf("chat completion chunk: %w", err)
	}
	if isSet(chunk.Error) {
		p := parseErrorObject(chunk.Error)
		return piece{problem: &p}, nil
	}
	var out piece
	for _, c := range chunk.Choices {
		if c.Index == 0 {
			out.text += c.Delta.Content + c.Delta.Refusal
			out.last = out.last || c.FinishReason != ""
		}
	}
	if u := chunk.Usage; u != nil {
		out.usage = &gateway.Usage{
			Input: u.PromptTokens, Output: u.CompletionTokens,
			CachedInput: u.PromptTokensDetails.CachedTokens, Reasoning: u.CompletionTokensDetails.ReasoningTokens,
		}
	}
	return out, nil
}

// decodeResponses reads an event of a response. Its kind is in the data; the
// SSE event type repeats it.
// https://platform.openai.com/docs/api-reference/responses-streaming
func decodeResponses(_ string, data []byte) (piece, error) {
	if bytes.Equal(data, []byte("[DONE]")) {
		return piece{done: true}, nil // some servers end so; OpenAI's does not
	}
	var event struct {
		Type     string          `json:"type"`
		Delta    json.RawMessage `json:"delta"` // a string where it is text
		Message  string          `json:"message"`
		Code     string          `json:"code"`
		Response struct {
			Error json.RawMessage `json:"error"`
			Usage *struct {
				InputTokens        int64 `json:"input_tokens"`
				OutputTokens       int64 `json:"output_tokens"`
				InputTokensDetails struct {
					CachedTokens int64 `json:"cached_tokens"`
				} `json:"input_tokens_details"`
				OutputTokensDetails struct {
					ReasoningTokens int64 `json:"reasoning_tokens"`
				} `json:"output_tokens_details"`
			} `json:"usage"`
		} `json:"response"`
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return piece{}, fmt.Errorf("response event: %w", err)
	}
	var out piece
	switch event.Type {
	case "response.output_text.delta", "response.refusal.delta":
		if err := json.Unmarshal(event.Delta, &out.text); err != nil {
			return piece{}, fmt.Errorf("response event: delta: %w", err)
		}
	case "response.completed", "response.incomplete":
		out.last, out.done = true, true
	case "response.failed", "response.cancelled":
		p := parseErrorObject(event.Response.Error)
		out.problem = &p
	case "error":
		out.problem = &problem{Message: event.Message, Code: event.Code}
	}
	if u := event.Response.Usage; u != nil {
		out.usage = &gateway.Usage{
			Input: u.InputTokens, Output: u.OutputTokens,
			CachedInput: u.InputTokensDetails.CachedTokens, Reasoning: u.OutputTokensDetails.ReasoningTokens,
		}
	}
	return out, nil
}

func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
