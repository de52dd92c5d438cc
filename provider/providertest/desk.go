package providertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

const (
	lifetime   = 10 * time.Minute // of a request, a code and a token
	maxPending = 1000
)

// request is an authorization request that waits for a person's decision.
type request struct {
	AppID, RedirectURI string
	State, Nonce       string
	Challenge, Scope   string
}

// grant is a decision: who came, for which request.
type grant struct {
	request
	person Person
	fault  string // that the person chose
	used   bool
	tokens []string
}

// desk keeps what is under way.
type desk struct {
	now func() time.Time

	mu       sync.Mutex
	requests map[string]*entry[request]
	grants   map[string]*entry[*grant] // by code
	tokens   map[string]*entry[*grant] // by access token
}

type entry[T any] struct {
	value   T
	expires time.Time
}

func newDesk(now func() time.Time) *desk {
	return &desk{
		now: now, requests: map[string]*entry[request]{}, grants: map[string]*entry[*grant]{}, tokens: map[string]*entry[*grant]{},
	}
}

func keep[T any](d *desk, in map[string]*entry[T], prefix string, value T) string {
	for key, e := range in {
		if d.now().After(e.expires) || len(in) >= maxPending {
			delete(in, key)
		}
	}
	key := prefix + rand.Text()
	in[key] = &entry[T]{value, d.now().Add(lifetime)}
	return key
}

func look[T any](d *desk, in map[string]*entry[T], key string) (value T, found bool) {
	e := in[key]
	if e == nil || d.now().After(e.expires) {
		return value, false
	}
	return e.value, true
}

func (d *desk) ask(r request) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return keep(d, d.requests, "", r)
}

func (d *desk) asked(id string) (request, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return look(d, d.requests, id)
}

// decide ends a request; allowed, it returns a code.
func (d *desk) decide(id string, g *grant, allowed bool) (code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.requests, id)
	if !allowed {
		return ""
	}
	return keep(d, d.grants, "code", g)
}

// redemption is what a token call presents.
type redemption struct {
	appID, code, verifier string
	redirectURI           string
	anyRedirect           bool // WeChat names none
}

// redeem exchanges a code for an access token; ok is false when the code is
// unknown, used, of another app or redirect URI, or the verifier is wrong.
func (d *desk) redeem(r redemption, in ills) (g *grant, token string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, found := look(d, d.grants, r.code)
	if !found || g.AppID != r.appID || (!r.anyRedirect && g.RedirectURI != r.redirectURI) {
		return nil, "", false
	}
	if g.used && !in.has("replay_accepted") {
		for _, t := range g.tokens { // RFC 6749 section 4.1.2
			delete(d.tokens, t)
		}
		return nil, "", false
	}
	if g.Challenge != "" && !in.has("pkce_ignored") && challengeOf(r.verifier) != g.Challenge {
		return nil, "", false
	}
	g.used = true
	token = keep(d, d.tokens, "token", g)
	g.tokens = append(g.tokens, token)
	return g, token, true
}

// byToken returns whose an access token is.
func (d *desk) byToken(token string) (*grant, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return look(d, d.tokens, token)
}

// byCode returns the fault that was chosen with a code, used or not.
func (d *desk) faultOf(code string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g, found := look(d, d.grants, code); found {
		return g.fault
	}
	return ""
}

// challengeOf is S256 of RFC 7636 section 4.2.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
