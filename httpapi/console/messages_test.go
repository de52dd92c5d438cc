package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/app/config"
	"tessera/gateway"
	"tessera/gateway/gatewaytest"
	"tessera/gateway/upstream"
	"tessera/httpapi"
	"tessera/httpapi/console"
	"tessera/identity"
	"tessera/session/token"
	"tessera/store/kv"
	"tessera/store/storetest"
)

// chat is a server with the message surface, the service and the simulator
// behind it.
type chat struct {
	t    *testing.T
	url  string
	sim  *gatewaytest.Server
	down func() // takes the upstream away

	handler http.Handler
}

func newChat(t *testing.T, adjust ...func(*gateway.Config)) *chat {
	t.Helper()
	sim := gatewaytest.NewServer(gatewaytest.Config{APIKey: "sk-sim", Pace: 2 * time.Millisecond})
	model := httptest.NewServer(sim)
	t.Cleanup(model.Close)
	upstreamConfig := config.Default[upstream.Config]()
	upstreamConfig.BaseURL, upstreamConfig.APIKey, upstreamConfig.Provider = model.URL+"/v1", "sk-sim", "simulator"
	client, err := upstream.New(upstreamConfig)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	coordination := kv.NewMemory()
	t.Cleanup(func() { _ = coordination.Close() })
	cfg := config.Default[gateway.Config]()
	cfg.Models = []gateway.Model{{Name: "sim-small", Label: "Small", Dialects: []gateway.Dialect{gateway.ChatCompletions, gateway.Responses}}}
	cfg.MaxRequestBytes, cfg.ShutdownGrace = 64<<10, 0
	for _, a := range adjust {
		a(&cfg)
	}
	service, err := gateway.New(gateway.Deps{
		Config: cfg, Store: storetest.SQLite(t), Upstream: client, Slots: coordination, Notifier: coordination, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	api := console.New("test", func(_ context.Context, accessToken string) (console.Caller, error) {
		n, err := strconv.Atoi(strings.TrimPrefix(accessToken, "user-"))
		if err != nil {
			return console.Caller{}, token.ErrExpired
		}
		return console.Caller{User: identity.User{ID: uuid.MustParse(fmt.Sprintf("01920000-0000-7000-8000-%012d", n)), IsAnonymous: n == 9}}, nil
	})
	console.AddModels(api, service)
	console.AddMessages(api, service, cfg.MaxRequestBytes)
	console.AddEvents(api, service, console.EventOptions{Now: time.Now, WriteTimeout: 3 * time.Second})
	root := chi.NewRouter()
	root.Use(httpapi.WithRequestID, httpapi.Observer{Log: slog.New(slog.DiscardHandler), Now: time.Now}.Middleware, httpapi.Body{Limit: 10 << 20, Timeout: time.Minute, Now: time.Now}.Middleware)
	root.Mount("/api/v1", api)
	server := httptest.NewUnstartedServer(root)
	server.Config.ReadTimeout, server.Config.WriteTimeout = time.Second, time.Second // a stream outlives both
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { service.Shutdown(context.Background()) })
	return &chat{t: t, url: server.URL + "/api/v1", sim: sim, down: model.Close, handler: root}
}

func (c *chat) do(user, method, path, body string, header ...string) *http.Response {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+user)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func (c *chat) create(user, body string, header ...string) (message, conversation string) {
	c.t.Helper()
	res := c.do(user, "POST", "/messages", body, header...)
	var out struct {
		MessageID      string `json:"message_id"`
		ConversationID string `json:"conversation_id"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusAccepted {
		c.t.Fatalf("create: %d, %v", res.StatusCode, err)
	}
	return out.MessageID, out.ConversationID
}

// lines reads a body line by line. One that is read in several goes is wrapped
// once, for what the scanner has read ahead.
type lines struct {
	io.Reader
	*bufio.Scanner
}

func newLines(body io.Reader) *lines { return &lines{body, bufio.NewScanner(body)} }

// sseEvent is one event as a client sees it.
type sseEvent struct {
	id, name string
	data     map[string]any
}

// read reads n events, or all for n < 0, heartbeats included.
func read(t *testing.T, body io.Reader, n int) (events []sseEvent) {
	t.Helper()
	scanner, kept := body.(*lines)
	if !kept {
		scanner = newLines(body)
	}
	var e sseEvent
	for n != 0 && scanner.Scan() {
		field, value, _ := strings.Cut(scanner.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				t.Fatalf("data %q: %v", value, err)
			}
		case "":
			events = append(events, e)
			e = sseEvent{}
			n--
		default:
			t.Fatalf("line %q", scanner.Text())
		}
	}
	return events
}

func TestMessageOverHTTP(t *testing.T) {
	for _, slash := range []string{"", "/"} {
		c := newChat(t)
		res := c.do("user-9", "POST", "/messages"+slash, `{"model":"sim-small","text":"hello","conversation_id":null,"metadata":{"k":"v"},"skip_prompt":false}`, "X-Request-Id", "call-1")
		var made struct {
			MessageID      string `json:"message_id"`
			ConversationID string `json:"conversation_id"`
		}
		if err := json.NewDecoder(res.Body).Decode(&made); err != nil || res.StatusCode != http.StatusAccepted || res.Header.Get("X-Request-Id") != "call-1" {
			t.Fatalf("create: %d %v, %v", res.StatusCode, res.Header, err)
		}
		stream := c.do("user-9", "GET", "/messages/"+made.MessageID+"/events"+slash+"?conversation_id="+made.ConversationID, "", "X-Request-Id", "call-2")
		h := stream.Header
		if stream.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream; charset=utf-8" || h.Get("Cache-Control") != "no-store" ||
			h.Get("X-Accel-Buffering") != "no" || h.Get("X-Request-Id") != "call-2" {
			t.Errorf("stream: %d %v", stream.StatusCode, h)
		}
		events := read(t, stream.Body, -1)
		for i, e := range events {
			if e.data["message_id"] != made.MessageID || e.data["request_id"] != "call-1" || e.id != strconv.Itoa(i+1) {
				t.Fatalf("event %d: %+v", i, e)
			}
		}
		last := events[len(events)-1]
		if last.name != "completed" || last.data["metadata"].(map[string]any)["k"] != "v" || last.data["provider"] != "simulator" {
			t.Errorf("last: %+v", last)
		}
		resumed := read(t, c.do("user-9", "GET", "/messages/"+made.MessageID+"/events", "", "Last-Event-ID", events[len(events)-4].id).Body, -1)
		if len(resumed) != 3 || resumed[2].name != "completed" {
			t.Errorf("resumed: %+v", resumed)
		}
	}
}

// TestEventsAreNotBuffered: a delta is there long before the reply is whole,
// and heartbeats fill a silence longer than the server's own time-outs.
func TestEventsAreNotBuffered(t *testing.T) {
	c := newChat(t, func(cfg *gateway.Config) { cfg.Heartbeat = 100 * time.Millisecond })
	message, _ := c.create("user-1", `{"model":"sim-small","text":"[[delay:1500ms]] [[fault:endless]]"}`)
	stream := newLines(c.do("user-1", "GET", "/messages/"+message+"/events", "").Body)
	beats, deltas := 0, 0
	for deltas < 3 {
		e := read(t, stream, 1)
		if len(e) == 0 {
			t.Fatalf("the stream ended after %d heartbeats, %d deltas", beats, deltas)
		}
		switch e[0].name {
		case "heartbeat":
			if e[0].id != "" || e[0].data["ts"] == nil || e[0].data["request_id"] == nil {
				t.Errorf("heartbeat %+v", e[0])
			}
			beats++
		case "content_delta":
			deltas++
		}
	}
	if beats < 5 {
		t.Errorf("%d heartbeats in 1.5 s", beats)
	}
}

func TestOneStreamAndThenAnother(t *testing.T) {
	c := newChat(t)
	message, conversation := c.create("user-1", `{"model":"sim-small","text":"[[fault:endless]]"}`)
	path := "/messages/" + message + "/events?conversation_id=" + conversation
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", c.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer user-1")
	first, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Body.Close() }()
	read(t, first.Body, 2)
	second := c.do("user-1", "GET", path, "")
	if code := problemCode(t, second); second.StatusCode != 429 || code != "SSE_CONCURRENCY_LIMIT_EXCEEDED" || second.Header.Get("Retry-After") == "" {
		t.Errorf("second stream: %d %s, Retry-After %q", second.StatusCode, code, second.Header.Get("Retry-After"))
	}
	if stranger := c.do("user-2", "GET", path, ""); stranger.StatusCode != 404 {
		t.Errorf("a stranger: %d", stranger.StatusCode)
	}
	leave() // the client vanishes
	deadline := time.Now().Add(5 * time.Second)
	for {
		third := c.do("user-1", "GET", path, "")
		if third.StatusCode == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the slot is still taken: %d", third.StatusCode)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func problemCode(t *testing.T, res *http.Response) string {
	t.Helper()
	var p console.Problem
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("not a problem: %v, %v", res.Header, err)
	}
	if p.RequestID == "" || p.RequestID != res.Header.Get("X-Request-Id") || p.Status != res.StatusCode {
		t.Errorf("problem %+v", p)
	}
	return p.Code
}

func TestAnUpstreamThatIsDown(t *testing.T) {
	c := newChat(t)
	c.down()
	message, _ := c.create("user-1", `{"model":"sim-small","text":"x"}`)
	events := read(t, c.do("user-1", "GET", "/messages/"+message+"/events", "").Body, -1)
	if last := events[len(events)-1]; last.name != "error" || last.data["code"] != "upstream_unreachable" || last.data["error"] != last.data["message"] {
		t.Errorf("last: %+v", last)
	}
	listed := newChat(t, func(cfg *gateway.Config) { cfg.Models = nil })
	listed.down()
	for _, path := range []string{"/llm/models?view=mapped", "/llm/app/models"} {
		if res := listed.do("user-1", "GET", path, ""); res.StatusCode != 424 || problemCode(t, res) != "gateway.upstream_unreachable" {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

func TestModelsOverHTTP(t *testing.T) {
	c := newChat(t)
	const want = `{"data":[{"name":"sim-small","label":"Small","dialects":["openai.chat_completions","openai.responses"],"default":true}]}`
	for _, path := range []string{"/llm/models?view=mapped", "/llm/models", "/llm/models/", "/llm/app/models", "/llm/app/models/"} {
		res := c.do("user-9", "GET", path, "")
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || strings.TrimSpace(string(body)) != want {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if res := c.do("user-9", "GET", "/llm/models?view=other", ""); res.StatusCode != 422 {
		t.Errorf("another view: %d", res.StatusCode)
	}
}

// pipeListener hands out connections without any buffer.
type pipeListener struct {
	net.Listener
	conns chan net.Conn
}

func (l pipeListener) Accept() (net.Conn, error) {
	conn, open := <-l.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Close() error { return nil }

// TestAClientThatStopsReadingIsDropped: its conversation must not stay taken.
func TestAClientThatStopsReadingIsDropped(t *testing.T) {
	c := newChat(t)
	message, _ := c.create("user-1", `{"model":"sim-small","text":"[[fault:endless]]"}`)
	listener := pipeListener{conns: make(chan net.Conn, 1)}
	stalled := &http.Server{Handler: c.handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = stalled.Serve(listener) }()
	defer close(listener.conns)
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close() }()
	listener.conns <- theirs
	_, _ = fmt.Fprintf(ours, "GET /api/v1/messages/%s/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer user-1\r\n\r\n", message)
	if _, err := ours.Read(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	// From here on it reads nothing.
	deadline := time.Now().Add(30 * time.Second)
	refused := false
	for {
		switch res := c.do("user-1", "GET", "/messages/"+message+"/events", ""); {
		case res.StatusCode == http.StatusOK && refused:
			return
		case res.StatusCode == http.StatusTooManyRequests:
			refused = true
		default:
			t.Fatalf("status %d, refused before: %v", res.StatusCode, refused)
		}
		if time.Now().After(deadline) {
			t.Fatal("the client that reads nothing still has the stream")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestRefusedMessages(t *testing.T) {
	c := newChat(t)
	for _, tc := range []struct{ body, code, field string }{
		{``, "request.body_empty", ""},
		{`{`, "request.body_invalid", ""},
		{`[]`, "request.body_invalid", ""},
		{`{"model":"sim-small","text":"x"}{}`, "request.body_invalid", ""},
		{`{"model":"sim-small","text":"x","temperature":1}`, "request.unknown_field", "temperature"},
		{`{"model":"sim-small","text":"x","messages_":[]}`, "request.unknown_field", "messages_"},
		{`{"text":"x"}`, "gateway.request_refused", "model"},
		{`{"model":" ","text":"x"}`, "gateway.request_refused", "model"},
		{`{"model":7,"text":"x"}`, "request.field_type", "model"},
		{`{"model":"gpt-99","text":"x"}`, "model_not_allowed", "model"},
		{`{"model":"SIM-SMALL","text":"x"}`, "model_not_allowed", "model"},
		{`{"model":"sim-small"}`, "gateway.request_refused", "text"},
		{`{"model":"sim-small","text":null}`, "gateway.request_refused", "text"},
		{`{"model":"sim-small","text":" \n"}`, "gateway.request_refused", "text"},
		{`{"model":"sim-small","text":["x"]}`, "request.field_type", "text"},
		{`{"model":"sim-small","text":"a\u0000b"}`, "request.text_invalid", "text"},
		{`{"model":"sim-small","text":"x","messages":[{"role":"user","content":"x"}]}`, "gateway.request_refused", "messages"},
		{`{"model":"sim-small","text":"x","tools":[]}`, "gateway.request_refused", "tools"},
		{`{"model":"sim-small","text":"x","tool_choice":"auto"}`, "gateway.request_refused", "tool_choice"},
		{`{"model":"sim-small","text":"x","conversation_id":"abc"}`, "request.validation_failed", "conversation_id"},
		{`{"model":"sim-small","text":"x","conversation_id":7}`, "request.field_type", "conversation_id"},
		{`{"model":"sim-small","text":"x","conversation_id":"00000000-0000-0000-0000-000000000000"}`, "gateway.request_refused", "conversation_id"},
		{`{"model":"sim-small","text":"x","metadata":[]}`, "gateway.request_refused", "metadata"},
		{`{"model":"sim-small","text":"x","metadata":"x"}`, "gateway.request_refused", "metadata"},
		{`{"model":"sim-small","text":"x","metadata":{"a":"` + strings.Repeat("x", 17<<10) + `"}}`, "gateway.request_refused", "metadata"},
		{`{"model":"sim-small","text":"x","result_mode":"html"}`, "gateway.request_refused", "result_mode"},
		{`{"model":"sim-small","text":"x","skip_prompt":"yes"}`, "request.field_type", "skip_prompt"},
		{`{"model":"sim-small","skip_prompt":true}`, "gateway.request_refused", "text"},
		{`{"model":"sim-small","skip_prompt":true,"messages":{}}`, "gateway.request_refused", "messages"},
		{`{"model":"sim-small","skip_prompt":true,"messages":[]}`, "gateway.request_refused", "messages"},
		{`{"model":"sim-small","skip_prompt":true,"messages":["x"]}`, "gateway.request_refused", "messages[0]"},
		{`{"model":"sim-small","skip_prompt":true,"messages":[{"content":"x"}]}`, "gateway.request_refused", "messages[0].role"},
		{`{"model":"sim-small","skip_prompt":true,"messages":[{"role":"user","content":"x"},{"role":"king","content":"x"}]}`, "gateway.request_refused", "messages[1].role"},
		{`{"model":"sim-small","skip_prompt":true,"messages":[{"role":"user","content":7}]}`, "gateway.request_refused", "messages[0].content"},
		{`{"model":"sim-small","skip_prompt":true,"text":"x","tools":{}}`, "gateway.request_refused", "tools"},
		{`{"model":"sim-small","skip_prompt":true,"text":"x","tools":["x"]}`, "gateway.request_refused", "tools[0]"},
		{`{"model":"sim-small","skip_prompt":true,"text":"x","tool_choice":7}`, "gateway.request_refused", "tool_choice"},
		{`{"model":"sim-small","dialect":"openai.responses"}`, "gateway.request_refused", "payload"},
		{`{"model":"sim-small","payload":{}}`, "gateway.request_refused", "dialect"},
		{`{"model":"sim-small","dialect":"openai.responses","payload":[]}`, "gateway.request_refused", "payload"},
		{`{"model":"sim-small","dialect":"smoke.signals","payload":{}}`, "gateway.request_refused", "dialect"},
		{`{"model":"sim-small","dialect":"anthropic.messages","payload":{}}`, "gateway.dialect_not_supported_yet", "dialect"},
		{`{"model":"sim-small","dialect":"gemini.generate_content","payload":{}}`, "gateway.dialect_not_supported_yet", "dialect"},
		{`{"model":"sim-small","dialect":"openai.responses","payload":{},"text":"x"}`, "gateway.request_refused", "text"},
		{`{"model":"sim-small","dialect":"openai.responses","payload":{},"messages":[]}`, "gateway.request_refused", "messages"},
		{`{"model":"sim-small","dialect":"openai.responses","payload":{},"tools":[]}`, "gateway.request_refused", "tools"},
		{`{"model":"sim-small","text":"` + strings.Repeat("x", 65<<10) + `"}`, "request.body_too_large", ""},
	} {
		shown := tc.body[:min(len(tc.body), 120)]
		res := c.do("user-1", "POST", "/messages", tc.body)
		var p console.Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
			t.Errorf("%s: %d, not a problem: %v", shown, res.StatusCode, err)
			continue
		}
		var fields []string
		for _, f := range p.Errors {
			fields = append(fields, f.Field)
		}
		if res.StatusCode < 400 || res.StatusCode >= 500 || p.Code != tc.code || p.RequestID == "" || tc.field != "" && (len(fields) == 0 || fields[0] != tc.field) {
			t.Errorf("%s: %d %s %q %v, want %s %s", shown, res.StatusCode, p.Code, p.Detail, fields, tc.code, tc.field)
		}
		if strings.HasPrefix(p.Code, "gateway.") && res.StatusCode != 422 {
			t.Errorf("%s: status %d", shown, res.StatusCode)
		}
	}
	if n := c.sim.Calls(); n != 0 {
		t.Errorf("%d of them reached the upstream", n)
	}
}

func TestRefusedStreams(t *testing.T) {
	c := newChat(t)
	message, conversation := c.create("user-1", `{"model":"sim-small","text":"hello"}`)
	for _, tc := range []struct {
		path, lastID string
		status       int
		field        string
	}{
		{"/messages/abc/events", "", 422, "message_id"},
		{"/messages/" + message + "/events?conversation_id=abc", "", 422, "query.conversation_id"},
		{"/messages/" + message + "/events", "abc", 422, "header.Last-Event-ID"},
		{"/messages/" + message + "/events", "-1", 422, "header.Last-Event-ID"},
		{"/messages/" + message + "/events", "99999999999999999999", 422, "header.Last-Event-ID"},
		{"/messages/" + uuid.NewString() + "/events", "", 404, ""},
		{"/messages/" + message + "/events?conversation_id=" + uuid.NewString(), "", 404, ""},
		{"/messages/" + strings.ToUpper(message) + "/events?conversation_id=" + conversation, "", 200, ""},
	} {
		header := []string{}
		if tc.lastID != "" {
			header = []string{"Last-Event-ID", tc.lastID}
		}
		res := c.do("user-1", "GET", tc.path, "", header...)
		if res.StatusCode != tc.status {
			t.Errorf("%s: %d, want %d", tc.path, res.StatusCode, tc.status)
		}
		if tc.status == 200 {
			continue
		}
		var p console.Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.RequestID == "" || tc.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != tc.field) {
			t.Errorf("%s: %+v, %v", tc.path, p, err)
		}
	}
}
