package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tessera/app/apptest"
)

// event is one event of a stream, as a client reads it.
type event struct {
	Name string
	Data map[string]any
}

func readEvents(t *testing.T, raw string) []event {
	t.Helper()
	var out []event
	for block := range strings.SplitSeq(strings.TrimSpace(raw), "\n\n") {
		var e event
		for line := range strings.SplitSeq(block, "\n") {
			if name, ok := strings.CutPrefix(line, "event: "); ok {
				e.Name = name
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
					t.Fatalf("%v in %q", err, line)
				}
			}
		}
		if e.Name != "" && e.Name != "heartbeat" {
			out = append(out, e)
		}
	}
	return out
}

// checkStream holds a whole log against the contract and returns its reply and
// the name of its last event.
func checkStream(t *testing.T, events []event, requestID string) (reply, last string) {
	t.Helper()
	seq := 0.0
	for i, e := range events {
		if e.Data["request_id"] != requestID {
			t.Errorf("event %d (%s) has request_id %v, want %s", i, e.Name, e.Data["request_id"], requestID)
		}
		switch e.Name {
		case "content_delta":
			if seq++; e.Data["seq"] != seq {
				t.Errorf("event %d has seq %v, want %v", i, e.Data["seq"], seq)
			}
			reply += fmt.Sprint(e.Data["delta"])
		case "completed", "error":
			if i != len(events)-1 {
				t.Errorf("%s is event %d of %d", e.Name, i, len(events))
			}
			last = e.Name
		}
	}
	return reply, last
}

// The whole path: a test user's real token, the list of models, a message, and
// its reply as a stream, found again by one request id.
func TestMessageStreamsBack(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		admin := apptest.Bearer(s.SignIn(t, s.Admin).Text("access_token"))
		for name, path := range map[string]string{"password": "create-mail-user", "anonymous": "anon-token"} {
			body := map[string]string{}
			if name == "password" {
				body["username_prefix"] = "gymbro-test"
			}
			user := s.Must(t, http.StatusOK, "POST", "/api/v1/llm/tests/"+path, body, admin...)
			bearer := apptest.Bearer(user.Text("access_token"))
			models := s.Must(t, http.StatusOK, "GET", "/api/v1/llm/models?view=mapped", nil, bearer...)
			list, _ := models.Body["data"].([]any)
			if len(list) == 0 {
				t.Fatalf("no models: %s", models.Raw)
			}
			model, _ := list[0].(map[string]any)
			requestID := "stream-" + name
			created := s.Must(t, http.StatusAccepted, "POST", "/api/v1/messages/",
				map[string]any{"model": model["name"], "text": "你好, say something"}, append(bearer, "X-Request-Id", requestID)...)
			stream := s.Must(t, http.StatusOK, "GET",
				"/api/v1/messages/"+created.Text("message_id")+"/events?conversation_id="+created.Text("conversation_id"), nil, bearer...)
			reply, last := checkStream(t, readEvents(t, stream.Raw), requestID)
			if last != "completed" || reply == "" {
				t.Errorf("%s: ends with %q, reply %q:\n%s", name, last, reply, stream.Raw)
			}
			s.Must(t, http.StatusNotFound, "GET", "/api/v1/messages/"+created.Text("message_id")+"/events", nil, admin...)
		}
		s.Must(t, http.StatusUnprocessableEntity, "POST", "/api/v1/messages", map[string]any{"model": "none-such", "text": "x"}, admin...)
	})
}

// A server that is stopped in the middle of a reply, and started again, ends
// the log with one terminal event and keeps what was said.
func TestRestartInTheMiddleOfAReply(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		bearer := apptest.Bearer(s.SignIn(t, s.Admin).Text("access_token"))
		models := s.Must(t, http.StatusOK, "GET", "/api/v1/llm/app/models", nil, bearer...)
		list, _ := models.Body["data"].([]any)
		model, _ := list[0].(map[string]any)
		created := s.Must(t, http.StatusAccepted, "POST", "/api/v1/messages",
			map[string]any{"model": model["name"], "text": "hold back [[delay:20s]]"}, append(bearer, "X-Request-Id", "cut-1")...)
		s.Restart(t)
		stream := s.Must(t, http.StatusOK, "GET", "/api/v1/messages/"+created.Text("message_id")+"/events", nil, bearer...)
		if _, last := checkStream(t, readEvents(t, stream.Raw), "cut-1"); last != "error" {
			t.Errorf("ends with %q:\n%s", last, stream.Raw)
		}
	})
}
