package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tessera/fault"
	"tessera/httpapi"
)

func TestRequestID(t *testing.T) {
	var seen string
	h := httpapi.WithRequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = httpapi.RequestID(r.Context())
	}))
	for given, kept := range map[string]bool{
		"abc-123": true, strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
		"": false, "has space": false, "new\tline": false, "ümlaut": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Request-Id", given)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-Id"); got != seen || (got == given) != kept || seen == "" {
			t.Errorf("given %q: header %q, context %q, want kept=%v", given, got, seen, kept)
		}
	}
}

func TestClientIP(t *testing.T) {
	proxies, err := httpapi.ParseProxies([]string{"loopback", "10.0.0.0/8", "2001:db8::1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, peer, forwarded, want string }{
		{"no proxy", "203.0.113.9:1234", "", "203.0.113.9"},
		{"a stranger's header is not believed", "203.0.113.9:1234", "1.2.3.4", "203.0.113.9"},
		{"one hop", "127.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"rightmost untrusted", "127.0.0.1:1", "6.6.6.6, 198.51.100.7, 10.1.2.3", "198.51.100.7"},
		{"all trusted: the leftmost", "127.0.0.1:1", "10.9.9.9, 10.1.2.3", "10.9.9.9"},
		{"garbage stops the walk", "127.0.0.1:1", "198.51.100.7, nonsense, 10.1.2.3", "10.1.2.3"},
		{"with a port", "[2001:db8::1]:1", "198.51.100.7:5555", "198.51.100.7"},
		{"mapped address", "[::ffff:127.0.0.1]:1", "2001:db8:1::2", "2001:db8:1::2"},
		{"trusted, no header", "10.0.0.5:1", "", "10.0.0.5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tc.peer
			if tc.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tc.forwarded)
			}
			var got string
			httpapi.WithClientIP(proxies)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = httpapi.ClientIP(r.Context())
			})).ServeHTTP(httptest.NewRecorder(), r)
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	if _, err := httpapi.ParseProxies([]string{"nonsense"}); err == nil {
		t.Error("nonsense was accepted as a proxy")
	}
}

func TestDecodeJSON(t *testing.T) {
	type inner struct {
		Role string `json:"role"`
	}
	type body struct {
		Email    string         `json:"email"`
		Count    int            `json:"count"`
		On       bool           `json:"on"`
		Messages []inner        `json:"messages"`
		Data     map[string]any `json:"data"`
	}
	for _, tc := range []struct {
		name, in string
		code     string
		field    string
	}{
		{"good", `{"email":"a@example.com","count":3,"data":{"x":1}}`, "", ""},
		{"empty", "  ", "request.body_empty", ""},
		{"cut off", `{"email":"a`, "request.body_invalid", ""},
		{"not JSON", `email=a`, "request.body_invalid", ""},
		{"array", `[1]`, "request.body_invalid", ""},
		{"more after it", `{} {}`, "request.body_invalid", ""},
		{"unknown field", `{"emial":"x"}`, "request.unknown_field", "emial"},
		{"wrong type", `{"email":5}`, "request.field_type", "email"},
		{"wrong type inside", `{"messages":[{"role":[]}]}`, "request.field_type", "messages.role"},
		{"fraction", `{"count":1.5}`, "request.field_type", "count"},
		{"NUL", `{"data":{"a":["x","y\u0000"]}}`, "request.text_invalid", "data.a[1]"},
		{"not UTF-8", "{\"email\":\"\xff\"}", "request.text_invalid", ""},
		{"too large", `{"email":"` + strings.Repeat("x", 300) + `"}`, "request.body_too_large", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var into body
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tc.in))
			err := httpapi.DecodeJSON(r, 256, &into)
			f := fault.From(err)
			switch {
			case tc.code == "" && err != nil:
				t.Fatal(err)
			case tc.code == "":
				return
			case f == nil || f.Code != tc.code:
				t.Fatalf("got %v, want %s", err, tc.code)
			}
			if tc.field != "" && (len(f.Fields) != 1 || f.Fields[0].Name != tc.field) {
				t.Errorf("fields %v, want %s", f.Fields, tc.field)
			}
		})
	}
	var loose body
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"email":"a","gotrue_meta_security":{}}`))
	if err := httpapi.DecodeLooseJSON(r, 256, &loose); err != nil || loose.Email != "a" {
		t.Errorf("loose: %v %+v", err, loose)
	}
}

// A body never comes back in an error: it may hold a password.
func TestDecodeJSONRepeatsNoValue(t *testing.T) {
	var into struct {
		Password bool `json:"password"`
	}
	for _, in := range []string{`{"password":"hunter2secret"}`, `{"password":123456789}`, `{"x":hunter2secret}`} {
		err := httpapi.DecodeJSON(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(in)), 256, &into)
		f := fault.From(err)
		shown, _ := json.Marshal(map[string]any{"m": f.Message, "f": f.Fields, "d": f.Detail})
		if strings.Contains(string(shown), "hunter2") || strings.Contains(string(shown), "123456789") {
			t.Errorf("%s: the value is in the answer: %s", in, shown)
		}
	}
}

func plainErrors(w http.ResponseWriter, _ *http.Request, f *fault.Fault) {
	http.Error(w, f.Code, http.StatusTeapot)
}

func TestWrapAndObserve(t *testing.T) {
	var logs bytes.Buffer
	reg := prometheus.NewPedanticRegistry()
	observer := httpapi.Observer{
		Log: slog.New(slog.NewJSONHandler(&logs, nil)), Metrics: httpapi.NewMetrics(reg), Now: time.Now,
		Quiet: map[string]bool{"/healthz": true},
	}
	router := chi.NewRouter()
	router.Use(httpapi.WithRequestID, httpapi.WithClientIP(nil), observer.Middleware, httpapi.Body{Limit: 1 << 20, Timeout: time.Minute, Now: time.Now}.Middleware)
	handle := func(h httpapi.HandlerFunc) http.HandlerFunc { return httpapi.Wrap(h, plainErrors).ServeHTTP }
	router.Get("/ok/{id}", handle(func(w http.ResponseWriter, _ *http.Request) error {
		return httpapi.WriteJSON(w, http.StatusOK, map[string]string{"a": "<b>"})
	}))
	router.Get("/fails", handle(func(http.ResponseWriter, *http.Request) error {
		return httpapi.ErrRateLimited.After(1500 * time.Millisecond).Because(errors.New("because of a test"))
	}))
	router.Get("/panics", handle(func(http.ResponseWriter, *http.Request) error { panic("a test") }))
	router.Get("/raw", func(http.ResponseWriter, *http.Request) { panic("a raw test") })
	router.Get("/healthz", func(http.ResponseWriter, *http.Request) {})

	for _, tc := range []struct {
		path       string
		status     int
		body       string
		level      string
		retryAfter string
	}{
		{"/ok/1?token=secret", 200, "{\"a\":\"<b>\"}\n", "INFO", ""},
		{"/fails", 418, "request.rate_limited\n", "INFO", "2"},
		{"/panics", 418, "internal.panic\n", "ERROR", ""},
		{"/raw", 500, "Internal Server Error\n", "ERROR", ""},
		{"/ok/1?x=%00", 418, "request.text_invalid\n", "INFO", ""},
		{"/ok/%ff", 418, "request.text_invalid\n", "INFO", ""},
		{"/healthz", 200, "", "", ""},
		{"/nowhere/made-up", 404, "404 page not found\n", "INFO", ""},
	} {
		t.Run(tc.path, func(t *testing.T) {
			logs.Reset()
			w := httptest.NewRecorder()
			router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tc.path, nil))
			if w.Code != tc.status || w.Body.String() != tc.body || w.Header().Get("Retry-After") != tc.retryAfter {
				t.Errorf("got %d %q retry %q", w.Code, w.Body.String(), w.Header().Get("Retry-After"))
			}
			if strings.Contains(logs.String(), "secret") {
				t.Errorf("the query is in the log: %s", logs.String())
			}
			if tc.level == "" {
				if logs.Len() > 0 {
					t.Errorf("a probe was logged: %s", logs.String())
				}
				return
			}
			if n := strings.Count(logs.String(), "\n"); n != 1 {
				t.Errorf("%d log lines, want 1: %s", n, logs.String())
			}
			var line map[string]any
			if err := json.Unmarshal(logs.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line["level"] != tc.level || line["request_id"] != w.Header().Get("X-Request-Id") {
				t.Errorf("log line %v", line)
			}
		})
	}
	const want = `
# HELP tessera_http_requests_total Requests answered, by route pattern.
# TYPE tessera_http_requests_total counter
tessera_http_requests_total{method="GET",route="/fails",status="418"} 1
tessera_http_requests_total{method="GET",route="/healthz",status="200"} 1
tessera_http_requests_total{method="GET",route="/ok/{id}",status="200"} 1
tessera_http_requests_total{method="GET",route="/ok/{id}",status="418"} 2
tessera_http_requests_total{method="GET",route="/panics",status="418"} 1
tessera_http_requests_total{method="GET",route="/raw",status="500"} 1
tessera_http_requests_total{method="GET",route="unmatched",status="404"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "tessera_http_requests_total"); err != nil {
		t.Error(err)
	}
}

// A panic after the first byte must cut the connection: the client would
// otherwise take half an answer for a whole one.
func TestPanicAfterTheFirstByteCutsTheConnection(t *testing.T) {
	observer := httpapi.Observer{Log: slog.New(slog.DiscardHandler), Now: time.Now}
	server := httptest.NewServer(observer.Middleware(httpapi.Wrap(func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("a test")
	}, plainErrors)))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Error("the broken answer was read as a whole one")
	}
}

// A body that trickles in is cut; a handler that goes on after its body is not.
func TestBodyTimeout(t *testing.T) {
	body := httpapi.Body{Limit: 100, Timeout: 150 * time.Millisecond, Now: time.Now}
	server := httptest.NewServer(body.Middleware(httpapi.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := httpapi.ReadBody(r, 100); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return errors.New("the request was cancelled while its handler ran")
		case <-time.After(400 * time.Millisecond):
			return httpapi.WriteJSON(w, http.StatusOK, "done")
		}
	}, plainErrors)))
	defer server.Close()
	post := func(body io.Reader) (int, string) {
		resp, err := http.Post(server.URL, "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, strings.TrimSpace(string(text))
	}
	if status, text := post(strings.NewReader(`{}`)); status != http.StatusOK {
		t.Errorf("a prompt body: %d %s", status, text)
	}
	slow, feed := io.Pipe()
	defer func() { _ = feed.Close() }()
	go func() { _, _ = feed.Write([]byte("{")) }()
	if _, text := post(slow); text != "request.timeout" {
		t.Errorf("a slow body: %s", text)
	}
}

type limiterFunc func(key string, rate httpapi.Rate) (time.Duration, error)

func (f limiterFunc) Allow(_ context.Context, key string, rate httpapi.Rate) (time.Duration, error) {
	return f(key, rate)
}

func TestLimits(t *testing.T) {
	var keys []string
	answer, broken := time.Duration(0), error(nil)
	limits := &httpapi.Limits{
		Limiter: limiterFunc(func(key string, _ httpapi.Rate) (time.Duration, error) {
			keys = append(keys, key)
			return answer, broken
		}),
		Log: slog.New(slog.DiscardHandler),
	}
	limit := httpapi.Limit{Name: "sign_in", Address: httpapi.Rate{Burst: 1, Per: time.Minute}, Account: httpapi.Rate{Burst: 1, Per: time.Minute}}
	check := func() error {
		var err error
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "[2001:db8:1:2:3::4]:99"
		httpapi.WithClientIP(nil)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			err = limits.Check(r.Context(), limit, "someone@example.com")
		})).ServeHTTP(httptest.NewRecorder(), r)
		return err
	}
	if err := check(); err != nil || len(keys) != 2 || keys[0] != "sign_in:address:2001:db8:1:2::/64" {
		t.Errorf("%v, keys %q", err, keys)
	}
	if strings.Contains(strings.Join(keys, " "), "someone") {
		t.Errorf("the account stands in a key: %q", keys)
	}
	answer = 1500 * time.Millisecond
	if f := fault.From(check()); !errors.Is(f, httpapi.ErrRateLimited) || f.RetryAfter != answer || !strings.Contains(f.Message, "after 2 seconds") {
		t.Errorf("got %v", f)
	}
	broken = errors.New("redis is away")
	if err := check(); err != nil {
		t.Errorf("a limiter that fails stops requests: %v", err)
	}
}

func TestRateText(t *testing.T) {
	for _, s := range []string{"30/5m", "1/1h", "5/1h30m", "10/30s", "100/1m30s", "off"} {
		var r httpapi.Rate
		if err := r.UnmarshalText([]byte(s)); err != nil || r.String() != s {
			t.Errorf("%s: %v, %s", s, err, r)
		}
	}
	for _, s := range []string{"", "30", "0/5m", "-1/5m", "30/0s", "30/5"} {
		var r httpapi.Rate
		if err := r.UnmarshalText([]byte(s)); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}
