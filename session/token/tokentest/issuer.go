package tokentest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Mode is how the key set is served.
type Mode string

// Modes of the key set.
const (
	Serving Mode = "serving" // as it should be
	Error   Mode = "error"   // 500
	Garbage Mode = "garbage" // bytes that are no JSON
	HTML    Mode = "html"    // a page with status 200, as proxies send
	Slow    Mode = "slow"    // the answer comes when the client has gone
	Huge    Mode = "huge"    // an endless answer
	Empty   Mode = "empty"   // {"keys":[]}
	NoKeys  Mode = "no_keys" // {} with status 200
	Useless Mode = "useless" // keys that verify nothing
	Moved   Mode = "moved"   // a redirect to a set with another key
	Hangup  Mode = "hangup"  // the connection is cut in the middle
)

// JWKSPath is where the key set is, under the project's URL.
const JWKSPath = "/auth/v1/.well-known/jwks.json"

// Issuer is the state of the simulated project. It is an http.Handler for
// JWKSPath and safe for concurrent use.
type Issuer struct {
	mu       sync.Mutex
	mode     Mode
	keys     []Key
	listed   []map[string]any // by List, instead of keys
	fetches  int
	url      string
	rotation int
	stranger Key // what Moved leads to
}

// NewIssuer returns an issuer with one key of alg that signs, at a URL to be
// set with SetURL once it is known.
func NewIssuer(alg string) *Issuer {
	return &Issuer{
		mode: Serving, keys: []Key{NewKey("key-1", alg)}, rotation: 1,
		stranger: NewKey("stranger", "ES256"),
	}
}

// Server is an issuer on a port of its own.
type Server struct {
	*Issuer
	HTTP *httptest.Server
}

// NewServer starts an issuer on a loopback port. Close it.
func NewServer(alg string) *Server {
	i := NewIssuer(alg)
	s := &Server{Issuer: i, HTTP: httptest.NewServer(i)}
	i.SetURL(s.HTTP.URL)
	return s
}

// Close ends the server.
func (s *Server) Close() {
	s.HTTP.CloseClientConnections()
	s.HTTP.Close()
}

// Disappear ends the server until Reappear: nobody listens at its address.
func (s *Server) Disappear() { s.Close() }

// Reappear serves again at the address of before.
func (s *Server) Reappear() error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.HTTP.Listener.Addr().String())
	if err != nil {
		return err
	}
	s.HTTP = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.Issuer, ReadHeaderTimeout: time.Second}}
	s.HTTP.Start()
	return nil
}

// SetURL sets the project's URL.
func (i *Issuer) SetURL(url string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.url = url
}

// ProjectURL returns the project's URL.
func (i *Issuer) ProjectURL() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.url
}

// Name returns the iss of its tokens.
func (i *Issuer) Name() string { return i.ProjectURL() + "/auth/v1" }

// Set switches the mode.
func (i *Issuer) Set(mode Mode) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mode = mode
}

// Fetches returns how often the key set was asked for.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Rotate adds a key that signs from now on, and keeps the older ones listed.
func (i *Issuer) Rotate() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rotation++
	key := NewKey(fmt.Sprintf("key-%d", i.rotation), i.keys[0].Alg)
	i.keys = append([]Key{key}, i.keys...)
	return key
}

// Add lists one more key, which does not sign.
func (i *Issuer) Add(key Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, key)
}

// Revoke takes every key but the signing one off the list.
func (i *Issuer) Revoke() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[:1]
}

// List makes the set these JWKs, as they are.
func (i *Issuer) List(jwks ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.listed = jwks
}

// Key returns the key that signs.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[0]
}

// Token returns a token of the signing key, with the claims of [Issuer.Claims].
func (i *Issuer) Token(subject string, now time.Time, changes ...map[string]any) string {
	return i.Key().Sign(i.Claims(subject, now, changes...), nil)
}

// Claims returns the claims that a Supabase project gives a password user,
// valid for an hour, with changes laid over them; a nil value removes one.
func (i *Issuer) Claims(subject string, now time.Time, changes ...map[string]any) map[string]any {
	email := "user-" + subject + "@example.com"
	claims := map[string]any{
		"iss": i.Name(), "sub": subject, "aud": "authenticated",
		"exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
		"email": email, "phone": "",
		"app_metadata":  map[string]any{"provider": "email", "providers": []string{"email"}},
		"user_metadata": map[string]any{"email": email, "email_verified": true, "sub": subject},
		"role":          "authenticated", "aal": "aal1",
		"amr":          []map[string]any{{"method": "password", "timestamp": now.Unix()}},
		"session_id":   "00000000-0000-4000-8000-000000000001",
		"is_anonymous": false,
	}
	for _, change := range changes {
		for name, value := range change {
			if value == nil {
				delete(claims, name)
				continue
			}
			claims[name] = value
		}
	}
	return claims
}

// ServeHTTP serves the key set as the mode says, at JWKSPath.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulator", "tokentest")
	if r.URL.Path == "/elsewhere" {
		writeKeys(w, publicParts([]Key{i.stranger}))
		return
	}
	if r.URL.Path != JWKSPath {
		http.NotFound(w, r)
		return
	}
	i.mu.Lock()
	i.fetches++
	mode, jwks := i.mode, i.listed
	if jwks == nil {
		jwks = publicParts(i.keys)
	}
	i.mu.Unlock()
	serve(w, r, mode, jwks)
}

func serve(w http.ResponseWriter, r *http.Request, mode Mode, jwks []map[string]any) {
	switch mode {
	case Error:
		http.Error(w, "internal error", http.StatusInternalServerError)
	case Garbage:
		_, _ = w.Write([]byte("\x00\xff{\"keys\": [[["))
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><body>Bad gateway</body></html>"))
	case Slow:
		<-r.Context().Done()
	case Huge:
		serveEndless(w, r)
	case Empty:
		writeKeys(w, []map[string]any{})
	case NoKeys:
		_, _ = w.Write([]byte("{}"))
	case Useless:
		_, _ = w.Write([]byte(`{"keys":[{"kty":"oct","kid":"key-1","alg":"HS256","k":"c2VjcmV0"},{"kty":"RSA","n":"AQAB","e":"AQAB"},5]}`))
	case Moved:
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	case Hangup:
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"keys":[`))
	default:
		writeKeys(w, jwks)
	}
}

func serveEndless(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte(`{"keys":[`))
	for filler := []byte(strings.Repeat(" ", 32<<10)); r.Context().Err() == nil; {
		if _, err := w.Write(filler); err != nil {
			return
		}
	}
}

func publicParts(keys []Key) []map[string]any {
	jwks := make([]map[string]any, len(keys))
	for n, k := range keys {
		jwks[n] = k.JWK()
	}
	return jwks
}

func writeKeys(w http.ResponseWriter, jwks []map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=600")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": jwks})
}
