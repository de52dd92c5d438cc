// Package mailapitest simulates the Mail API that gives test users mailboxes:
// the same paths, headers and bodies, no mail behind them. It is a real HTTP
// handler, for tests and the demo; its page and every answer say that it is a
// simulator.
package mailapitest

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Config is what the simulated Mail API offers.
type Config struct {
	Key     string   // the X-API-Key that it takes
	Domains []string // of its mailboxes
	Now     func() time.Time
}

// Mailbox is one that was generated.
type Mailbox struct {
	ID        string    `json:"id"`
	Address   string    `json:"address"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Server is the simulated Mail API. It is an http.Handler and safe for
// concurrent use.
type Server struct {
	cfg Config
	mux *http.ServeMux

	mu    sync.Mutex
	boxes []Mailbox                 // oldest first
	fault func(http.ResponseWriter) // nil = none
}

// New returns a server without mailboxes.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /{$}", s.page)
	s.mux.HandleFunc("GET /api/config", s.guarded(s.config))
	s.mux.HandleFunc("POST /api/emails/generate", s.guarded(s.generate))
	s.mux.HandleFunc("GET /api/emails", s.guarded(s.list))
	s.mux.HandleFunc("GET /api/emails/{emailId}", s.guarded(s.messages))
	s.mux.HandleFunc("GET /api/emails/{emailId}/{messageId}", s.guarded(s.message))
	return s
}

// Fail makes every call of the API answer with this instead; nil ends it.
func (s *Server) Fail(answer func(http.ResponseWriter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = answer
}

// Mailboxes returns what was generated, oldest first.
func (s *Server) Mailboxes() []Mailbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mailbox(nil), s.boxes...)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulator", "mail-api")
	s.mux.ServeHTTP(w, r)
}

func (s *Server) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		fault := s.fault
		s.mu.Unlock()
		switch {
		case fault != nil:
			fault(w)
		case r.Header.Get("X-API-Key") != s.cfg.Key:
			refuse(w, http.StatusUnauthorized, "invalid API key")
		default:
			next(w, r)
		}
	}
}

func (s *Server) config(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"emailDomains": strings.Join(s.cfg.Domains, ",")})
}

var localPart = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$`)

func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name       string `json:"name"`
		ExpiryTime int64  `json:"expiryTime"` // ms, 0 = for ever
		Domain     string `json:"domain"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not JSON")
		return
	}
	known := false
	for _, domain := range s.cfg.Domains {
		known = known || domain == body.Domain
	}
	if !known || !localPart.MatchString(body.Name) || body.ExpiryTime < 0 {
		refuse(w, http.StatusBadRequest, "name, domain or expiryTime is not valid")
		return
	}
	box := Mailbox{Address: body.Name + "@" + body.Domain, CreatedAt: s.cfg.Now().UTC()}
	box.ExpiresAt = box.CreatedAt.Add(time.Duration(body.ExpiryTime) * time.Millisecond)
	if body.ExpiryTime == 0 {
		box.ExpiresAt = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !s.add(&box) {
		refuse(w, http.StatusConflict, "this address is in use")
		return
	}
	answer(w, map[string]string{"id": box.ID, "email": box.Address})
}

// add keeps a mailbox unless one that has not expired has its address.
func (s *Server) add(box *Mailbox) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.boxes {
		if other.Address == box.Address && other.ExpiresAt.After(box.CreatedAt) {
			return false
		}
	}
	box.ID = fmt.Sprintf("simulated-%d", len(s.boxes)+1)
	s.boxes = append(s.boxes, *box)
	return true
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	boxes := s.Mailboxes()
	if boxes == nil {
		boxes = []Mailbox{}
	}
	answer(w, map[string]any{"emails": boxes, "nextCursor": nil, "total": len(boxes)})
}

// messages is always empty: test users are confirmed without a mail.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	for _, box := range s.Mailboxes() {
		if box.ID == r.PathValue("emailId") {
			answer(w, map[string]any{"messages": []any{}, "nextCursor": nil, "total": 0})
			return
		}
	}
	refuse(w, http.StatusNotFound, "no such mailbox")
}

func (s *Server) message(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, "no such message")
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Mail API (simulator)</title>
<style>body{font:16px/1.5 system-ui;margin:3rem auto;max-width:50rem;padding:0 1rem}td,th{text-align:left;padding:.25rem 1rem .25rem 0}</style>
<h1>Mail API (simulator)</h1>
<p>This is a simulator. It hands out addresses to test users; no mail is sent or received here.</p>
<p lang="zh-CN">这是模拟器。它只为测试用户提供邮箱地址，不收发任何邮件。</p>
<table><tr><th>Mailbox</th><th>Created</th><th>Expires</th></tr>
{{range .}}<tr><td>{{.Address}}</td><td>{{.CreatedAt.Format "2006-01-02 15:04:05"}}</td><td>{{.ExpiresAt.Format "2006-01-02 15:04:05"}}</td></tr>
{{else}}<tr><td colspan="3">None yet.</td></tr>
{{end}}</table></html>`))

func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, s.Mailboxes())
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": reason})
}
