package providertest

import (
	"embed"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed web
var webFiles embed.FS

func (s *Simulator) handler() http.Handler {
	mux := http.NewServeMux()
	s.protocol.routes(mux)
	mux.HandleFunc("GET /{$}", s.serveHome)
	mux.HandleFunc("GET /consent/{id}", s.servePage)
	mux.HandleFunc("POST /consent/{id}", s.decide)
	mux.HandleFunc("GET /avatar/{name}", serveAvatar)
	for _, name := range []string{"style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, webFiles, "web/"+name) })
	}
	mux.HandleFunc("GET /simulator/faults", s.serveFaults)
	mux.HandleFunc("PUT /simulator/faults", s.setFaults)
	mux.HandleFunc("POST /simulator/rotate-keys", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.RotateKeys(); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return s.guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard sets the headers of every answer and refuses names that are not this
// machine's: a foreign page could otherwise make its own name point here (DNS
// rebinding).
func (s *Simulator) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Simulator", string(s.kind))
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "The provider simulator answers on 127.0.0.1 and localhost only.", http.StatusMisdirectedRequest)
			return
		}
		s.note(r)
		next.ServeHTTP(w, r)
	})
}

// machine wraps an endpoint that programs call: it fails when it is told to.
// chosen finds the fault that a person chose for this sign-in.
func (s *Simulator) machine(place string, chosen func(*http.Request) string, next func(http.ResponseWriter, *http.Request, ills)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		plan := s.faults.get()
		in := s.faults.with(chosen(r))
		if len(plan.At) == 0 || slices.Contains(plan.At, place) {
			if !s.pause(r, plan.Delay) || failed(w, r, in) {
				return
			}
		}
		next(w, r, in)
	}
}

func nobody(*http.Request) string { return "" }

func (s *Simulator) chosenByCode(r *http.Request) string { return s.desk.faultOf(r.FormValue("code")) }

func (s *Simulator) chosenByToken(r *http.Request) string {
	if g, found := s.desk.byToken(bearer(r)); found {
		return g.fault
	}
	return ""
}

func bearer(r *http.Request) string {
	if token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		return token
	}
	return r.URL.Query().Get("access_token") // WeChat's way
}

// pause waits; false when the caller did not.
func (s *Simulator) pause(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

// failed answers as an endpoint fault says.
func failed(w http.ResponseWriter, r *http.Request, in ills) bool {
	switch {
	case in.has("status_500"):
		http.Error(w, "simulated failure", http.StatusInternalServerError)
	case in.has("status_429"):
		http.Error(w, "simulated limit", http.StatusTooManyRequests)
	case in.has("html"):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Simulator</title><p>This is not JSON.")
	case in.has("garbage"):
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"half a tok`)
	case in.has("wrong_types"):
		writeJSON(w, http.StatusOK, []any{map[string]any{"id": []int{1}, "access_token": 7, "sub": nil}})
	case in.has("endless"):
		writeEndlessly(w, r)
	case in.has("redirect"):
		http.Redirect(w, r, "/attacker/landing", http.StatusTemporaryRedirect)
	case in.has("drop"):
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// writeEndlessly goes on until nobody reads, slowly enough to harm nobody.
func writeEndlessly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, strings.Repeat(" ", 32<<10)); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSONBody(w, value)
}

func writeJSONBody(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }

// faultsJSON is Faults on the wire.
type faultsJSON struct {
	Names   []string `json:"names"`
	At      []string `json:"at"`
	DelayMS int64    `json:"delay_ms"`
}

func (s *Simulator) serveFaults(w http.ResponseWriter, _ *http.Request) {
	f := s.faults.get()
	writeJSON(w, http.StatusOK, faultsJSON{Names: f.Names, At: f.At, DelayMS: f.Delay.Milliseconds()})
}

func (s *Simulator) setFaults(w http.ResponseWriter, r *http.Request) {
	var body faultsJSON
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		http.Error(w, "the body must be {names, at, delay_ms}: "+err.Error(), http.StatusBadRequest)
		return
	}
	if body.DelayMS < 0 || body.DelayMS > maxDelay.Milliseconds() {
		body.DelayMS = -1
	}
	err := s.Misbehave(Faults{Names: body.Names, At: body.At, Delay: time.Duration(body.DelayMS) * time.Millisecond})
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
