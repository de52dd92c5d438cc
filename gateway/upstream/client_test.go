package upstream_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tessera/app/config"
	"tessera/fault"
	"tessera/gateway"
	"tessera/gateway/gatewaytest"
	"tessera/gateway/upstream"
)

const key = "sk-test-0123456789"

// collector is a sink that keeps what comes.
type collector struct {
	requestID string
	routed    int
	text      strings.Builder
	raw       []string
	events    []string
	usage     *gateway.Usage
	refuse    error // returned from Frame
}

func (c *collector) Routed(id string) error {
	c.requestID = id
	c.routed++
	return nil
}

func (c *collector) Frame(f gateway.Frame) error {
	c.text.WriteString(f.Text)
	c.raw = append(c.raw, f.Raw)
	c.events = append(c.events, f.Event)
	if f.Usage != nil {
		c.usage = f.Usage
	}
	return c.refuse
}

func simulator(t *testing.T) (*gatewaytest.Server, string) {
	t.Helper()
	sim := gatewaytest.NewServer(gatewaytest.Config{APIKey: key, Pace: -1})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, server.URL + "/v1"
}

func client(t *testing.T, baseURL string, adjust ...func(*upstream.Config)) *upstream.Client {
	t.Helper()
	cfg := config.Default[upstream.Config]()
	cfg.BaseURL, cfg.APIKey = baseURL, key
	for _, a := range adjust {
		a(&cfg)
	}
	c, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ask(text string, d gateway.Dialect) gateway.Call {
	return gateway.Call{
		Dialect: d, Model: "sim-small", RequestID: "req-7", SystemPrompt: "Be kind.",
		Messages: []byte(`[{"role":"user","content":"` + text + `"}]`),
	}
}

func TestStreamInBothDialects(t *testing.T) {
	for _, d := range []gateway.Dialect{gateway.ChatCompletions, gateway.Responses} {
		t.Run(string(d), func(t *testing.T) {
			_, base := simulator(t)
			var got collector
			if err := client(t, base+"/").Stream(t.Context(), ask("你好", d), &got); err != nil {
				t.Fatal(err)
			}
			if text := got.text.String(); !strings.Contains(text, "模拟器") || !strings.Contains(text, "「你好」") {
				t.Errorf("reply %q", text)
			}
			if got.routed != 1 || got.requestID != "sim-req-1" {
				t.Errorf("routed %d times, to %q", got.routed, got.requestID)
			}
			if got.usage == nil || got.usage.Input == 0 || got.usage.Output == 0 {
				t.Errorf("usage %+v", got.usage)
			}
			if slices.Contains(got.events, "") || len(got.raw) < 20 {
				t.Errorf("%d frames, event types %q", len(got.raw), got.events)
			}
		})
	}
}

func TestEveryFaultIsOneClearError(t *testing.T) {
	tests := map[gatewaytest.Fault]*fault.Fault{
		gatewaytest.RateLimited:  gateway.ErrUpstreamRateLimited,
		gatewaytest.ServerError:  gateway.ErrUpstreamFailed,
		gatewaytest.Overloaded:   gateway.ErrUpstreamFailed,
		gatewaytest.BadRequest:   gateway.ErrUpstreamRejectedRequest,
		gatewaytest.UnknownModel: gateway.ErrUpstreamModelUnknown,
		gatewaytest.WrongKey:     gateway.ErrUpstreamRejectedKey,
		gatewaytest.HTML:         gateway.ErrUpstreamUnreadable,
		gatewaytest.HTMLError:    gateway.ErrUpstreamFailed,
		gatewaytest.NotStreamed:  gateway.ErrUpstreamUnreadable,
		gatewaytest.Redirect:     gateway.ErrUpstreamUnreadable,
		gatewaytest.Drop:         gateway.ErrUpstreamUnreachable,
		gatewaytest.Cut:          gateway.ErrUpstreamBrokeOff,
		gatewaytest.CutInside:    gateway.ErrUpstreamBrokeOff,
		gatewaytest.HalfClosed:   gateway.ErrUpstreamBrokeOff,
		gatewaytest.Stall:        gateway.ErrUpstreamTimeout,
		gatewaytest.Garbage:      gateway.ErrUpstreamUnreadable,
		gatewaytest.HugeEvent:    gateway.ErrUpstreamUnreadable,
		gatewaytest.StreamError:  gateway.ErrUpstreamFailed,
		gatewaytest.EchoKey:      gateway.ErrUpstreamRejectedRequest,
	}
	for _, f := range gatewaytest.Faults() {
		want := tests[f]
		if f == gatewaytest.Endless {
			continue // TestAnEndlessReplyEndsWithItsContext
		}
		if want == nil {
			t.Errorf("no expectation for %q", f)
			continue
		}
		for _, d := range []gateway.Dialect{gateway.ChatCompletions, gateway.Responses} {
			t.Run(string(f)+"/"+string(d), func(t *testing.T) {
				t.Parallel()
				sim, base := simulator(t)
				sim.Order(f, 1)
				c := client(t, base, func(c *upstream.Config) {
					if f == gatewaytest.Stall {
						c.IdleTimeout = 200 * time.Millisecond
					}
				})
				var got collector
				err := c.Stream(t.Context(), ask("hello", d), &got)
				if !errors.Is(err, want) {
					t.Fatalf("got %v, want %s", err, want.Code)
				}
				shown := fault.From(err)
				if strings.Contains(err.Error()+shown.Message+shown.Hint, key) {
					t.Errorf("the key leaks: %v", err)
				}
				if f == gatewaytest.RateLimited && shown.RetryAfter != 7*time.Second {
					t.Errorf("retry after %v", shown.RetryAfter)
				}
			})
		}
	}
}

func TestAnEndlessReplyEndsWithItsContext(t *testing.T) {
	sim, base := simulator(t)
	sim.Order(gatewaytest.Endless, 1)
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(reason) })
	err := client(t, base).Stream(ctx, ask("hello", gateway.ChatCompletions), &collector{})
	if err == nil || !errors.Is(context.Cause(ctx), reason) {
		t.Fatalf("got %v", err)
	}
}

func TestAWrongKeyIsOursToMend(t *testing.T) {
	_, base := simulator(t)
	c := client(t, base, func(c *upstream.Config) { c.APIKey = "sk-wrong" })
	if err := c.Stream(t.Context(), ask("hello", gateway.ChatCompletions), &collector{}); !errors.Is(err, gateway.ErrUpstreamRejectedKey) {
		t.Errorf("stream: %v", err)
	}
	if _, err := c.Models(t.Context()); !errors.Is(err, gateway.ErrUpstreamRejectedKey) {
		t.Errorf("models: %v", err)
	}
}

func TestASinkThatRefusesEndsTheCall(t *testing.T) {
	_, base := simulator(t)
	enough := errors.New("enough")
	if err := client(t, base).Stream(t.Context(), ask("hello", gateway.ChatCompletions), &collector{refuse: enough}); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	c := client(t, "http://"+address+"/v1")
	if _, err := c.Models(t.Context()); !errors.Is(err, gateway.ErrUpstreamUnreachable) {
		t.Errorf("models: %v", err)
	}
	if err := c.Stream(t.Context(), ask("hello", gateway.Responses), &collector{}); !errors.Is(err, gateway.ErrUpstreamUnreachable) {
		t.Errorf("stream: %v", err)
	}
	none := client(t, "")
	if _, err := none.Models(t.Context()); !errors.Is(err, gateway.ErrUpstreamNotConfigured) {
		t.Errorf("not configured: %v", err)
	}
}

func TestASilentServerTimesOut(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c := client(t, server.URL, func(c *upstream.Config) { c.FirstByteTimeout = 50 * time.Millisecond })
	if err := c.Stream(t.Context(), ask("hello", gateway.Responses), &collector{}); !errors.Is(err, gateway.ErrUpstreamTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestModels(t *testing.T) {
	_, base := simulator(t)
	names, err := client(t, base).Models(t.Context())
	if err != nil || !slices.Equal(names, []string{"sim-small", "sim-large"}) {
		t.Errorf("models %v, %v", names, err)
	}
	for name, body := range map[string]string{"html": "<html>", "no data": "{}", "null": `{"data":null}`, "list": "[]"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		if _, err := client(t, server.URL).Models(t.Context()); !errors.Is(err, gateway.ErrUpstreamUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

func TestCheckNamesTheField(t *testing.T) {
	good := config.Default[upstream.Config]()
	for field, spoil := range map[string]func(*upstream.Config){
		"base_url":        func(c *upstream.Config) { c.BaseURL = "ftp://x" },
		"api_key":         func(c *upstream.Config) { c.APIKey = "two words" },
		"idle_timeout":    func(c *upstream.Config) { c.IdleTimeout = -1 },
		"max_event_bytes": func(c *upstream.Config) { c.MaxEventBytes = 0 },
	} {
		cfg := good
		spoil(&cfg)
		var fields []string
		cfg.Check(func(name, _ string) { fields = append(fields, name) })
		if !slices.Equal(fields, []string{field}) {
			t.Errorf("%s: reported %v", field, fields)
		}
	}
	cfg := good
	cfg.BaseURL = "https://me:hunter2@example.com/v1"
	if _, err := upstream.New(cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an address with a password: %v", err)
	}
}
