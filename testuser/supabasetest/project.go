// Package supabasetest simulates a Supabase project's Auth: its key set, the
// parts of the admin API that test users need, the password grant and anonymous
// sign-in, in GoTrue's words. It is a real HTTP handler that signs real tokens
// (ES256), for tests and the demo; every answer says that it is a simulator.
package supabasetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"tessera/session/token/tokentest"
)

// Project is a simulated Supabase project. It is safe for concurrent use.
type Project struct {
	*tokentest.Issuer
	AnonKey        string
	ServiceRoleKey string

	now func() time.Time
	mux *http.ServeMux

	mu      sync.Mutex
	users   []*user // oldest first
	serial  int
	calls   map[string]int
	fault   func(http.ResponseWriter) // nil = none
	noGuest bool
}

// user is an account of the project. Its password is in clear: this is a
// simulator.
type user struct {
	id, email, password       string
	isAnonymous               bool
	appMetadata, userMetadata map[string]any
	createdAt                 time.Time
}

// New returns a project without users, at a URL to be set with SetURL.
func New(now func() time.Time) *Project {
	p := &Project{Issuer: tokentest.NewIssuer("ES256"), now: now, mux: http.NewServeMux(), calls: map[string]int{}}
	secret := []byte("simulated-project-secret-of-32-bytes-or-more")
	key := func(role string) string {
		return tokentest.SignHS256(secret, map[string]any{"iss": "supabase", "ref": "simulated", "role": role}, nil)
	}
	p.AnonKey, p.ServiceRoleKey = key("anon"), key("service_role")
	p.mux.Handle("GET "+tokentest.JWKSPath, p.Issuer)
	p.mux.HandleFunc("POST /auth/v1/admin/users", p.admin(p.create))
	p.mux.HandleFunc("GET /auth/v1/admin/users", p.admin(p.list))
	p.mux.HandleFunc("PUT /auth/v1/admin/users/{id}", p.admin(p.update))
	p.mux.HandleFunc("POST /auth/v1/token", p.counted(p.token))
	p.mux.HandleFunc("POST /auth/v1/signup", p.counted(p.signup))
	return p
}

// Server is a project on a port of its own.
type Server struct {
	*Project
	HTTP *httptest.Server
}

// NewServer starts a project on a loopback port. Close it.
func NewServer(now func() time.Time) *Server {
	p := New(now)
	s := &Server{Project: p, HTTP: httptest.NewServer(p)}
	p.SetURL(s.HTTP.URL)
	return s
}

// Close ends the server.
func (s *Server) Close() {
	s.HTTP.CloseClientConnections()
	s.HTTP.Close()
}

// Fail makes every call but the key set's answer with this instead; nil ends it.
func (p *Project) Fail(answer func(http.ResponseWriter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = answer
}

// DisableAnonymous makes the project refuse anonymous sign-ins.
func (p *Project) DisableAnonymous() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noGuest = true
}

// Calls returns how often an operation was called: "create", "update", "list",
// "token" or "signup".
func (p *Project) Calls(operation string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[operation]
}

// Emails returns the addresses of all users, oldest first; "" for anonymous
// ones.
func (p *Project) Emails() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	emails := make([]string, len(p.users))
	for i, u := range p.users {
		emails[i] = u.email
	}
	return emails
}

// AddUser adds a user as a person signs up, and returns its id.
func (p *Project) AddUser(email, password string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.add(&user{email: email, password: password}).id
}

// DeleteUser deletes a user.
func (p *Project) DeleteUser(email string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, u := range p.users {
		if u.email == email {
			p.users = append(p.users[:i:i], p.users[i+1:]...)
			return
		}
	}
}

// ServeHTTP implements http.Handler.
func (p *Project) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulator", "supabase-project")
	p.mux.ServeHTTP(w, r)
}

// add gives a user its id. The caller holds the lock.
func (p *Project) add(u *user) *user {
	p.serial++
	u.id = fmt.Sprintf("5afe0000-0000-4000-8000-%012d", p.serial)
	u.createdAt = p.now().UTC()
	p.users = append(p.users, u)
	return u
}

// byEmail finds a user. The caller holds the lock.
func (p *Project) byEmail(email string) *user {
	for _, u := range p.users {
		if email != "" && strings.EqualFold(u.email, email) {
			return u
		}
	}
	return nil
}
