package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// model returns the name of the server's default model, or of its first.
func (c *client) model(ctx context.Context, u *user) (string, error) {
	var models struct {
		Data []struct {
			Name    string `json:"name"`
			Default bool   `json:"default"`
		} `json:"data"`
	}
	if err := c.call(ctx, http.MethodGet, c.api("/llm/app/models"), u.session.AccessToken, nil, &models); err != nil {
		return "", err
	}
	if len(models.Data) == 0 {
		return "", errors.New("the server has no model")
	}
	for _, m := range models.Data {
		if m.Default {
			return m.Name, nil
		}
	}
	return models.Data[0].Name, nil
}

// message sends a message and follows its events until the given one; the
// stream is read to its end either way, untimed.
func (c *client) message(ctx context.Context, u *user, model, until string) (time.Duration, error) {
	start := time.Now()
	var created struct {
		MessageID      string `json:"message_id"`
		ConversationID string `json:"conversation_id"`
	}
	body := map[string]any{
		"model": model, "text": "Say something short.", "conversation_id": nil, "metadata": map[string]any{}, "skip_prompt": false,
	}
	if err := c.call(ctx, http.MethodPost, c.api("/messages"), u.session.AccessToken, body, &created); err != nil {
		return 0, err
	}
	path := c.api("/messages/" + url.PathEscape(created.MessageID) + "/events?conversation_id=" + url.QueryEscape(created.ConversationID))
	resp, err := c.open(ctx, http.MethodGet, path, u.session.AccessToken, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return follow(bufio.NewScanner(resp.Body), until, start)
}

// follow reads an event stream and returns when the named event came.
func follow(lines *bufio.Scanner, until string, start time.Time) (time.Duration, error) {
	lines.Buffer(nil, 1<<20)
	var took time.Duration
	last := ""
	for lines.Scan() {
		if event, found := strings.CutPrefix(lines.Text(), "event:"); found {
			last = strings.TrimSpace(event)
			if last == until && took == 0 {
				took = time.Since(start)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	if last != "completed" {
		return 0, fmt.Errorf("the stream ended with %q, not completed", last)
	}
	if took == 0 {
		return 0, fmt.Errorf("the stream had no %s", until)
	}
	return took, nil
}
