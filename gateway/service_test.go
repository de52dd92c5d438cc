package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/app/config"
	"tessera/gateway"
	"tessera/gateway/gatewaytest"
	"tessera/gateway/upstream"
	"tessera/store"
	"tessera/store/kv"
	"tessera/store/storetest"
)

const wait = time.Minute // longer than anything here takes on a busy machine

// world is a service with everything around it.
type world struct {
	*gateway.Service
	db    *store.DB
	sim   *gatewaytest.Server
	slots kv.Store
	deps  gateway.Deps
}

// begin starts a service on db. adjust may change what it is made of.
func begin(t *testing.T, db *store.DB, adjust ...func(*gateway.Deps)) *world {
	t.Helper()
	sim := gatewaytest.NewServer(gatewaytest.Config{APIKey: "sk-sim", Pace: 10 * time.Millisecond})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	client := connect(t, server.URL+"/v1", 10*time.Second)
	slots := kv.NewMemory()
	t.Cleanup(func() { _ = slots.Close() })
	deps := gateway.Deps{
		Config: config.Default[gateway.Config](), Store: db, Upstream: client, Slots: slots, Notifier: slots, Now: time.Now, Log: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	}
	deps.Config.Models = []gateway.Model{
		{Name: "small", Label: "Small", Upstream: "sim-small", Dialects: []gateway.Dialect{gateway.ChatCompletions, gateway.Responses}},
		{Name: "large", Upstream: "sim-large", Dialects: []gateway.Dialect{gateway.Responses}},
	}
	deps.Config.ShutdownGrace = 100 * time.Millisecond
	for _, a := range adjust {
		a(&deps)
	}
	return &world{Service: start(t, deps), db: db, sim: sim, slots: slots, deps: deps}
}

// connect is the real client of an upstream.
func connect(t *testing.T, baseURL string, idle time.Duration) *upstream.Client {
	t.Helper()
	cfg := config.Default[upstream.Config]()
	cfg.BaseURL, cfg.APIKey, cfg.Provider, cfg.IdleTimeout = baseURL, "sk-sim", "simulator", idle
	client, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func start(t *testing.T, deps gateway.Deps) *gateway.Service {
	t.Helper()
	s, err := gateway.New(deps)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Shutdown(context.Background()) })
	return s
}

func textRequest(user uuid.UUID, text string) gateway.Request {
	return gateway.Request{UserID: user, RequestID: "req-1", Raw: []byte(`{}`), Model: "small", Text: &text}
}

// ask creates a message of a new user.
func (w *world) ask(t *testing.T, text string, adjust ...func(*gateway.Request)) (user, message, conversation uuid.UUID) {
	t.Helper()
	user = uuid.New()
	r := textRequest(user, text)
	for _, a := range adjust {
		a(&r)
	}
	message, conversation, err := w.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return user, message, conversation
}

func (w *world) open(t *testing.T, user, message uuid.UUID, after int64) *gateway.Stream {
	t.Helper()
	st, err := w.Events(t.Context(), user, message, uuid.Nil, after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

// rest reads a stream to its end, heartbeats left out.
func rest(t *testing.T, st *gateway.Stream) []gateway.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	var events []gateway.Event
	for {
		e, err := st.Next(ctx)
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		if e.Name != gateway.HeartbeatEvent {
			events = append(events, e)
		}
	}
}

// until reads a stream up to the nth delta.
func until(t *testing.T, st *gateway.Stream, deltas int) []gateway.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	var events []gateway.Event
	for deltas > 0 {
		e, err := st.Next(ctx)
		if err != nil || e.Terminal {
			t.Fatalf("%d deltas are missing after %d events: %v, %s", deltas, len(events), err, e.Data)
		}
		if e.Name == gateway.HeartbeatEvent {
			continue
		}
		if e.Name == gateway.DeltaEvent {
			deltas--
		}
		events = append(events, e)
	}
	return events
}

// replay reads the whole log by a stream of its own.
func (w *world) replay(t *testing.T, user, message uuid.UUID) []gateway.Event {
	t.Helper()
	st := w.open(t, user, message, 0)
	defer st.Close()
	return rest(t, st)
}

type data struct {
	State, Code, Message, Error, Delta, Provider, Raw string
	ResolvedModel                                     string `json:"resolved_model"`
	EndpointID                                        string `json:"endpoint_id"`
	UpstreamRequestID                                 string `json:"upstream_request_id"`
	ResultMode                                        string `json:"result_mode"`
	ResultModeEffective                               string `json:"result_mode_effective"`
	ReplyLen                                          int    `json:"reply_len"`
	ReplySnapshotIncluded                             *bool  `json:"reply_snapshot_included"`
	Seq                                               int64
	Metadata                                          json.RawMessage
}

func parse(t *testing.T, e gateway.Event) (d data) {
	t.Helper()
	if strings.ContainsAny(string(e.Data), "\r\n") {
		t.Errorf("data is not one line: %q", e.Data)
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		t.Fatalf("data of %s: %v: %s", e.Name, err, e.Data)
	}
	return d
}

// checkLog holds a whole log against the rules of the contract, and returns the
// reply and the last event's data.
func checkLog(t *testing.T, events []gateway.Event) (reply string, last data) {
	t.Helper()
	var seq, raw int64
	for i, e := range events {
		if e.Position != int64(i+1) {
			t.Fatalf("event %d has position %d", i+1, e.Position)
		}
		if e.Terminal != (i == len(events)-1) {
			t.Fatalf("event %d of %d (%s): terminal is %v", i+1, len(events), e.Name, e.Terminal)
		}
		d := parse(t, e)
		switch e.Name {
		case gateway.DeltaEvent:
			if seq++; d.Seq != seq {
				t.Fatalf("content_delta %d has seq %d", seq, d.Seq)
			}
			reply += d.Delta
		case gateway.RawEvent:
			if raw++; d.Seq != raw {
				t.Fatalf("upstream_raw %d has seq %d", raw, d.Seq)
			}
		}
		last = d
	}
	if len(events) == 0 || parse(t, events[0]).State != "queued" {
		t.Fatalf("a log of %d events that does not begin with queued", len(events))
	}
	return reply, last
}

func states(t *testing.T, events []gateway.Event) string {
	t.Helper()
	var out []string
	for _, e := range events {
		name := string(e.Name)
		if e.Name == gateway.StatusEvent {
			name = parse(t, e).State
		}
		if len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	return strings.Join(slices.Compact(slices.DeleteFunc(out, func(s string) bool { return s == "upstream_raw" })), " ")
}

func TestAMessageIsAnswered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		user, message, conversation := w.ask(t, "hello", func(r *gateway.Request) { r.Metadata = []byte("{\n \"a\": [1,\n 2]}") })
		live := w.open(t, user, message, 0)
		if live.MessageID != message || live.RequestID != "req-1" {
			t.Errorf("stream of %v, request %q", live.MessageID, live.RequestID)
		}
		events := rest(t, live)
		live.Close()
		reply, last := checkLog(t, events)
		if got := states(t, events); got != "queued working routed content_delta completed" {
			t.Errorf("states: %s", got)
		}
		if !strings.Contains(reply, "simulator") || last.ReplyLen != len([]rune(reply)) {
			t.Errorf("reply of %d: %q", last.ReplyLen, reply)
		}
		if last.Provider != "simulator" || last.ResolvedModel != "sim-small" || last.EndpointID != "default" ||
			last.UpstreamRequestID != "sim-req-1" || last.ResultMode != "raw_passthrough" || last.ResultModeEffective != "raw_passthrough" ||
			last.ReplySnapshotIncluded == nil || *last.ReplySnapshotIncluded || string(last.Metadata) != `{"a":[1,2]}` {
			t.Errorf("completed: %+v", last)
		}
		if again := w.replay(t, user, message); fmt.Sprint(again) != fmt.Sprint(withoutTimes(events, again)) {
			t.Error("the replay is not the stream")
		}
		m, err := db.Message(t.Context(), user, message)
		if err != nil || m.State != gateway.Completed || m.Reply != reply || m.ConversationID != conversation {
			t.Errorf("message %+v, %v", m, err)
		}
	})
}

// withoutTimes gives events the times of others: memory has nanoseconds, the
// table microseconds.
func withoutTimes(events, others []gateway.Event) []gateway.Event {
	out := slices.Clone(events)
	for i := range out {
		out[i].At = others[i].At
	}
	return out
}

func TestFormsAndDialects(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		dialect := func(d gateway.Dialect) func(*gateway.Request) {
			return func(r *gateway.Request) { r.Dialect, r.Text = &d, nil }
		}
		for name, adjust := range map[string]func(*gateway.Request){
			"server prompt":          func(*gateway.Request) {},
			"server prompt messages": func(r *gateway.Request) { r.Text, r.Messages = nil, []byte(`[{"role":"user","content":"count"}]`) },
			"passthrough": func(r *gateway.Request) {
				r.Text, r.SkipPrompt, r.Messages = nil, true, []byte(`[{"role":"user","content":[{"type":"text","text":"count"}]}]`)
			},
			"responses by model": func(r *gateway.Request) { r.Model = "large" },
			"chat payload": func(r *gateway.Request) {
				dialect(gateway.ChatCompletions)(r)
				r.Payload = []byte(`{"model":"whatever","stream":false,"messages":[{"role":"user","content":"count"}]}`)
			},
			"responses payload": func(r *gateway.Request) {
				dialect(gateway.Responses)(r)
				r.Payload = []byte(`{"input":"count"}`)
			},
		} {
			user, message, _ := w.ask(t, "count", adjust)
			reply, last := checkLog(t, w.replay(t, user, message))
			if !strings.Contains(reply, "one, two, three") || last.Code != "" {
				t.Errorf("%s: %+v, reply %q", name, last, reply)
			}
		}
	})
}

func TestResultModes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		for _, tc := range []struct {
			mode          gateway.ResultMode
			text          string
			tags, raw     bool
			modeEffective string
		}{
			{gateway.RawPassthrough, "[[xml]] hello", true, true, "raw_passthrough"},
			{gateway.XMLPlaintext, "[[xml]] hello", false, false, "xml_plaintext"},
			{gateway.AutoResult, "[[xml]] hello", false, false, "xml_plaintext"},
			{gateway.AutoResult, "hello", false, true, "raw_passthrough"},
		} {
			user, message, _ := w.ask(t, tc.text, func(r *gateway.Request) { r.ResultMode = tc.mode })
			events := w.replay(t, user, message)
			reply, last := checkLog(t, events)
			if strings.Contains(reply, "<") != tc.tags || strings.Contains(reply, "thinking part") != tc.tags || !strings.Contains(reply, "Tessera") {
				t.Errorf("%s: reply %q", tc.mode, reply)
			}
			if last.ResultMode != string(tc.mode) || last.ResultModeEffective != tc.modeEffective {
				t.Errorf("%s: %+v", tc.mode, last)
			}
			raws := 0
			for _, e := range events {
				if e.Name == gateway.RawEvent {
					raws++
				}
			}
			// In auto mode the frames before the choice are logged.
			if tc.raw && raws < 10 || !tc.raw && raws > 3 {
				t.Errorf("%s: %d raw events", tc.mode, raws)
			}
		}
	})
}

func TestLateSubscribersAndLastEventID(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		user, message, _ := w.ask(t, "你好")
		first := w.open(t, user, message, 0)
		seen := until(t, first, 5)
		first.Close()
		second := w.open(t, user, message, seen[len(seen)-1].Position)
		all := append(seen, rest(t, second)...)
		second.Close()
		reply, _ := checkLog(t, all)
		if !strings.Contains(reply, "模拟器") {
			t.Errorf("reply %q", reply)
		}
		end := all[len(all)-1].Position
		for after, want := range map[int64]int{0: len(all), end - 1: 1, end: 1, end + 1: len(all), 1 << 40: len(all)} {
			st := w.open(t, user, message, after)
			got := rest(t, st)
			st.Close()
			if len(got) != want || !got[len(got)-1].Terminal {
				t.Errorf("after %d of %d: %d events, want %d", after, end, len(got), want)
			}
		}
	})
}

// TestASlowSubscriberReadsTheTable is further behind than memory reaches.
func TestASlowSubscriberReadsTheTable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db, func(d *gateway.Deps) { d.Config.MaxReplyBytes = 6000 })
		user, message, _ := w.ask(t, "[[fault:endless]]")
		st := w.open(t, user, message, 0)
		seen := until(t, st, 1)
		eventually(t, "the log is longer than memory", func() bool {
			m, err := db.Message(t.Context(), user, message)
			return err == nil && m.LastPosition > 800
		})
		all := append(seen, rest(t, st)...)
		if _, last := checkLog(t, all); last.Code != "reply_too_large" || len(all) < 800 {
			t.Errorf("%d events, last %+v", len(all), last)
		}
	})
}

func TestALongDeltaIsSplit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		text := strings.Repeat("一句话。", 200)
		w := begin(t, db, func(d *gateway.Deps) { d.Upstream = scripted{gateway.Frame{Event: "message", Text: text}} })
		user, message, _ := w.ask(t, "x")
		events := w.replay(t, user, message)
		reply, last := checkLog(t, events)
		if reply != text || last.ReplyLen != 800 {
			t.Errorf("reply of %d characters", last.ReplyLen)
		}
		for _, e := range events {
			if n := len([]rune(parse(t, e).Delta)); n > 256 {
				t.Errorf("a delta of %d characters", n)
			}
		}
	})
}

// scripted is an upstream that says one frame.
type scripted struct{ frame gateway.Frame }

func (scripted) Endpoint() gateway.Endpoint { return gateway.Endpoint{ID: "e", Provider: "p"} }

func (scripted) Models(context.Context) ([]string, error) { return []string{"small"}, nil }

func (s scripted) Stream(_ context.Context, _ gateway.Call, sink gateway.Sink) error {
	if err := sink.Routed("r"); err != nil {
		return err
	}
	return sink.Frame(s.frame)
}

func TestStrangersGetNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		user, message, conversation := w.ask(t, "hello")
		for name, ids := range map[string][3]uuid.UUID{
			"a stranger":           {uuid.New(), message, conversation},
			"an unknown message":   {user, uuid.New(), conversation},
			"another conversation": {user, message, uuid.New()},
		} {
			if _, err := w.Events(t.Context(), ids[0], ids[1], ids[2], 0); !errors.Is(err, gateway.ErrMessageNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r := textRequest(uuid.New(), "hello")
		r.ConversationID = &conversation
		if _, _, err := w.Create(t.Context(), r); !errors.Is(err, gateway.ErrConversationNotFound) {
			t.Errorf("a stranger's message in the conversation: %v", err)
		}
		r.UserID = user
		if _, got, err := w.Create(t.Context(), r); err != nil || got != conversation {
			t.Errorf("the owner's next message: %v, %v", got, err)
		}
	})
}

func TestOneLiveStreamPerConversation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db)
		user, message, conversation := w.ask(t, "hello")
		first := w.open(t, user, message, 0)
		_, err := w.Events(t.Context(), user, message, conversation, 0)
		if !errors.Is(err, gateway.ErrStreamLimit) {
			t.Fatalf("a second stream: %v", err)
		}
		r := textRequest(user, "elsewhere")
		other, _, err := w.Create(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		w.open(t, user, other, 0) // another conversation is free
		first.Close()
		first.Close()
		w.open(t, user, message, 0) // and this one is again, at once
	})
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := begin(t, db, func(d *gateway.Deps) { d.Config.Heartbeat = 30 * time.Millisecond })
		user, message, _ := w.ask(t, "[[delay:400ms]] hello")
		st := w.open(t, user, message, 0)
		beats := 0
		for {
			e, err := st.Next(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.Name == gateway.HeartbeatEvent {
				var beat struct{ TS int64 }
				if json.Unmarshal(e.Data, &beat) != nil || time.Since(time.UnixMilli(beat.TS)).Abs() > time.Minute || e.Position != 0 {
					t.Errorf("heartbeat %d: %s", e.Position, e.Data)
				}
				beats++
			}
		}
		if beats < 3 {
			t.Errorf("%d heartbeats in 400 ms", beats)
		}
		for _, e := range w.events(t, message) {
			if e.Name == gateway.HeartbeatEvent {
				t.Error("a heartbeat is in the log")
			}
		}
	})
}

// events reads the table, whatever a stream would show.
func (w *world) events(t *testing.T, message uuid.UUID) []gateway.Event {
	t.Helper()
	events, err := w.db.EventsAfter(t.Context(), message, 0, 100000)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestModels(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	w := begin(t, db)
	models, err := w.Models(t.Context())
	if err != nil || len(models) != 2 || !models[0].Default || models[1].Default || models[1].Label != "large" {
		t.Errorf("configured: %+v, %v", models, err)
	}
	var later atomic.Int64 // how far the clock is ahead
	listed := begin(t, storetest.SQLite(t), func(d *gateway.Deps) {
		d.Config.Models = nil
		d.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	models, err = listed.Models(t.Context())
	if err != nil || len(models) != 2 || models[0].Name != "sim-large" || !models[0].Default || len(models[0].Dialects) != 2 {
		t.Errorf("the upstream's: %+v, %v", models, err)
	}
	// The list survives an upstream that is away for a while, but not a day.
	listed.sim.Order(gatewaytest.ServerError, 100)
	later.Store(int64(time.Hour))
	if models, err = listed.Models(t.Context()); err != nil || len(models) != 2 {
		t.Errorf("while the upstream is away: %+v, %v", models, err)
	}
	later.Store(int64(49 * time.Hour))
	if _, err = listed.Models(t.Context()); !errors.Is(err, gateway.ErrUpstreamFailed) {
		t.Errorf("two days later: %v", err)
	}
	if _, _, err = listed.Create(t.Context(), textRequest(uuid.New(), "x")); !errors.Is(err, gateway.ErrUpstreamFailed) {
		t.Errorf("a message then: %v", err)
	}
}

// testWriter shows logs with the test that they belong to.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}
