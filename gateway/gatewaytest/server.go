package gatewaytest

import (
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Config adjusts a simulator. The zero value lists two models, wants no key and
// speaks at a pace that a person can watch.
type Config struct {
	// APIKey is the bearer token that requests must carry; "" = none.
	APIKey string
	// Models are the ids listed, and accepted; empty = "sim-small", "sim-large".
	Models []string
	// Pace is the time between two words; 0 = 30 ms, negative = none.
	Pace time.Duration
	// Now tells the time of a reply; nil = the real clock.
	Now func() time.Time
}

const (
	defaultPace = 30 * time.Millisecond
	maxBody     = 8 << 20
)

// Server is a simulator. It is safe for concurrent use.
type Server struct {
	cfg     Config
	mux     *http.ServeMux
	ordered ordered
	calls   atomic.Int64
}

// New returns a simulator as a handler.
func New(cfg Config) http.Handler { return NewServer(cfg) }

// NewServer is [New] for callers that order faults or count calls.
func NewServer(cfg Config) *Server {
	if len(cfg.Models) == 0 {
		cfg.Models = []string{"sim-small", "sim-large"}
	}
	if cfg.Pace == 0 {
		cfg.Pace = defaultPace
	}
	if cfg.Now == nil {
		cfg.Now = time.Now //nolint:forbidigo // the default of an injectable clock
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /{$}", s.page)
	s.mux.HandleFunc("POST /simulator/fault", s.orderFault)
	s.mux.HandleFunc("GET /v1/models", s.keyed(s.models))
	s.mux.HandleFunc("POST /v1/chat/completions", s.keyed(s.chat))
	s.mux.HandleFunc("POST /v1/responses", s.keyed(s.responses))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusNotFound, "unknown_url", "Unknown request URL: "+r.Method+" "+r.URL.Path)
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulator", "tessera")
	s.mux.ServeHTTP(w, r)
}

// Order makes the next requests that ask for a reply fail.
func (s *Server) Order(f Fault, times int) { s.ordered.set(f, times) }

// Calls is how many replies were asked for.
func (s *Server) Calls() int64 { return s.calls.Load() }

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = pageTemplate.Execute(w, map[string]any{"Models": s.cfg.Models, "Faults": Faults(), "Calls": s.Calls()})
}

func (s *Server) orderFault(w http.ResponseWriter, r *http.Request) {
	order := struct {
		Fault Fault `json:"fault"`
		Times int   `json:"times"`
	}{Times: 1}
	if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&order); err != nil {
		writeProblem(w, http.StatusBadRequest, "invalid_json", "want {\"fault\": NAME, \"times\": N}")
		return
	}
	if order.Fault != NoFault && !slices.Contains(Faults(), order.Fault) || order.Times < 0 {
		writeProblem(w, http.StatusBadRequest, "unknown_fault", fmt.Sprintf("want one of %v", Faults()))
		return
	}
	s.Order(order.Fault, order.Times)
	writeJSON(w, map[string]any{"fault": order.Fault, "times": order.Times})
}

// keyed refuses requests without the right key, as the real API does.
func (s *Server) keyed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.cfg.APIKey != "" && subtle.ConstantTimeCompare([]byte(got), []byte(s.cfg.APIKey)) != 1 {
			writeProblem(w, http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided.")
			return
		}
		next(w, r)
	}
}

func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	if f, _ := s.wanted(r, ""); refuse(w, r, f) {
		return
	}
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		OwnedBy string `json:"owned_by"`
	}
	list := make([]model, len(s.cfg.Models))
	for i, id := range s.cfg.Models {
		list[i] = model{id, "model", "tessera-simulator"}
	}
	writeJSON(w, map[string]any{"object": "list", "data": list})
}

// ask is what both APIs need of a request.
type ask struct {
	Model  string
	Stream bool
	Prompt string
	Usage  bool // a chat stream was asked to report usage
}

var errNoModel = errors.New("you must provide a model parameter")

// accept handles everything before the reply, and reports whether there is one
// to give.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, read func([]byte) (ask, error)) (ask, Fault, bool) {
	n := s.calls.Add(1)
	w.Header().Set("X-Request-Id", fmt.Sprintf("sim-req-%d", n))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeProblem(w, http.StatusRequestEntityTooLarge, "too_large", "The body is too large.")
		return ask{}, NoFault, false
	}
	a, err := read(body)
	if err == nil && a.Model == "" {
		err = errNoModel
	}
	if err != nil {
		writeProblem(w, http.StatusBadRequest, "invalid_request", err.Error())
		return ask{}, NoFault, false
	}
	f, delay := s.wanted(r, a.Prompt)
	if !sleep(r, delay) || refuse(w, r, f) {
		return ask{}, f, false
	}
	if !slices.Contains(s.cfg.Models, a.Model) {
		writeProblem(w, http.StatusNotFound, "model_not_found", "The model `"+a.Model+"` does not exist.")
		return ask{}, f, false
	}
	return a, f, true
}

// sleep waits, and reports whether the client is still there.
func sleep(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func writeProblem(w http.ResponseWriter, status int, code, message string) {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case status >= http.StatusInternalServerError:
		kind = "server_error"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code},
	})
}
