package gatewaytest

import (
	"encoding/json"
	"errors"
	"strings"
)

// content is a message's content: a string, or parts of which some are text.
type content string

// UnmarshalJSON implements json.Unmarshaler.
func (c *content) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*c = content(text)
		return nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return errors.New("content: want a string or an array of parts")
	}
	for _, p := range parts {
		*c += content(p.Text)
	}
	return nil
}

type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// lastOfUser is the prompt.
func lastOfUser(messages []message) string {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == "user" {
			return string(messages[i].Content)
		}
	}
	return ""
}

// input is a response's input: a string or messages.
type input []message

// UnmarshalJSON implements json.Unmarshaler.
func (in *input) UnmarshalJSON(raw []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(raw)), `"`) {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		*in = input{{Role: "user", Content: content(text)}}
		return nil
	}
	return json.Unmarshal(raw, (*[]message)(in))
}
