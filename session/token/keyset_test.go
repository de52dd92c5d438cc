package token_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tessera/session/token"
	"tessera/session/token/tokentest"
)

// uncached is a verifier that asks the key set for every token, so that no
// cache hides what the set does.
func uncached(c *token.VerifierConfig) {
	c.CacheSize = -1
	c.HTTP = &http.Client{Timeout: 300 * time.Millisecond, Transport: c.HTTP.Transport}
}

// A key set that rotates, disappears, misbehaves in every way and comes back:
// no user with a valid token is refused while it is away.
func TestNoValidUserIsRefusedWhileTheKeySetIsAway(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now, uncached)
	first := server.Token("u", now.Now())
	_, err := v.Verify(t.Context(), first)
	wantFault(t, "before", err, nil)

	now.Advance(time.Minute)
	server.Rotate()
	second := server.Token("u", now.Now())
	_, err = v.Verify(t.Context(), second)
	wantFault(t, "the rotated key", err, nil)

	unknown := tokentest.NewKey("never-listed", "ES256").Sign(server.Claims("u", now.Now()), nil)
	away := func(what string, misbehave func()) {
		t.Helper()
		misbehave()
		for range 3 {
			now.Advance(11 * time.Second) // so that each round does fetch
			fetches := server.Fetches()
			_, err := v.Verify(t.Context(), unknown)
			wantFault(t, what+": a key that cannot be asked for", err, token.ErrKeysUnavailable)
			if what != "disappeared" && server.Fetches() != fetches+1 {
				t.Errorf("%s: %d fetches", what, server.Fetches()-fetches)
			}
			for name, raw := range map[string]string{"old": first, "new": second} {
				_, err := v.Verify(t.Context(), raw)
				wantFault(t, what+": the "+name+" key", err, nil)
			}
		}
	}
	for _, mode := range []tokentest.Mode{
		tokentest.Error, tokentest.Garbage, tokentest.HTML, tokentest.Slow, tokentest.Huge, tokentest.Empty,
		tokentest.NoKeys, tokentest.Useless, tokentest.Moved, tokentest.Hangup,
	} {
		away(string(mode), func() { server.Set(mode) })
	}
	away("disappeared", server.Disappear)

	// It comes back with yet another key.
	server.Set(tokentest.Serving)
	server.Rotate()
	if err := server.Reappear(); err != nil {
		t.Fatal(err)
	}
	now.Advance(11 * time.Second)
	third := server.Token("u", now.Now())
	for name, raw := range map[string]string{"first": first, "second": second, "third": third} {
		_, err := v.Verify(t.Context(), raw)
		wantFault(t, "after: "+name, err, nil)
	}
	_, err = v.Verify(t.Context(), unknown)
	wantFault(t, "after: a key that is not listed", err, token.ErrUnknownKey)
}

func TestAnIssuerThatIsDownAtTheStart(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now, uncached)
	server.Disappear()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v.Start(ctx) // must not block or fail
	raw := server.Token("u", now.Now())
	_, err := v.Verify(t.Context(), raw)
	wantFault(t, "down", err, token.ErrKeysUnavailable)
	if err := server.Reappear(); err != nil {
		t.Fatal(err)
	}
	now.Advance(10 * time.Second)
	_, err = v.Verify(t.Context(), raw)
	wantFault(t, "up", err, nil)
}

func TestStartFetchesBeforeTheFirstToken(t *testing.T) {
	now := newClock()
	fetched := make(chan error, 10)
	server, v := newIssuer(t, "ES256", now, func(c *token.VerifierConfig) {
		c.OnFetch = func(_ string, err error) { fetched <- err }
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v.Start(ctx)
	if err := <-fetched; err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(t.Context(), server.Token("u", now.Now()))
	wantFault(t, "verify", err, nil)
	if server.Fetches() != 1 {
		t.Errorf("%d fetches", server.Fetches())
	}
}

// A flood of invented key ids costs the issuer one fetch in ten seconds, and
// the users with real tokens nothing.
func TestAFloodOfUnknownKeysIsBounded(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now, uncached)
	good := server.Token("u", now.Now())
	forger := tokentest.NewKey("x", "ES256")
	var forged []string
	for i := range 50 {
		forged = append(forged, forger.Sign(server.Claims("u", now.Now()), map[string]any{"kid": fmt.Sprintf("invented-%d", i)}))
	}
	const seconds = 60
	for range seconds {
		var wg sync.WaitGroup
		for _, raw := range forged {
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), raw); !errors.Is(err, token.ErrUnknownKey) {
					t.Errorf("forged: %v", err)
				}
			})
		}
		wg.Go(func() {
			if _, err := v.Verify(t.Context(), good); err != nil {
				t.Errorf("good: %v", err)
			}
		})
		wg.Wait()
		now.Advance(time.Second)
	}
	if got := server.Fetches(); got != seconds/10 {
		t.Errorf("%d forged tokens in %d s caused %d fetches, want %d", 50*seconds, seconds, got, seconds/10)
	}
}

// A second rotation soon after the first is picked up within ten seconds, even
// under a flood that takes every fetch.
func TestASecondRotationIsPickedUpInTenSeconds(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now, uncached)
	forged := tokentest.NewKey("invented", "ES256").Sign(server.Claims("u", now.Now()), nil)
	refusedFor := time.Duration(0)
	for range 3 {
		server.Rotate()
		raw := server.Token("u", now.Now())
		waited := time.Duration(0)
		for ; waited < time.Minute; waited += time.Second {
			_, _ = v.Verify(t.Context(), forged)
			if _, err := v.Verify(t.Context(), raw); err == nil {
				break
			}
			now.Advance(time.Second)
		}
		refusedFor = max(refusedFor, waited)
	}
	if refusedFor > 10*time.Second {
		t.Errorf("a rotated key was refused for %v", refusedFor)
	}
}

// All who need the same fetch share it, and one who gives up does not end it
// for the others.
func TestWaitersShareOneFetch(t *testing.T) {
	now := newClock()
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	server, v := newIssuer(t, "ES256", now, func(c *token.VerifierConfig) {
		c.CacheSize = -1
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			once.Do(func() { close(entered) })
			<-release
			return http.DefaultTransport.RoundTrip(r)
		})}
	})
	raw := server.Token("u", now.Now())
	impatient, giveUp := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := v.Verify(impatient, raw)
		first <- err
	}()
	<-entered
	var passed atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := v.Verify(t.Context(), raw); err == nil {
				passed.Add(1)
			}
		})
	}
	giveUp()
	if err := <-first; err == nil {
		t.Error("the one who gave up got an answer")
	}
	close(release)
	wg.Wait()
	if passed.Load() != 20 || server.Fetches() != 1 {
		t.Errorf("%d of 20 passed with %d fetches", passed.Load(), server.Fetches())
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() //nolint:errcheck,forcetypeassert // the default is one
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Keys are taken for what they are for: anything odd in a set is left out, and
// the rest of the set is used.
func TestOddKeysInASetAreLeftOut(t *testing.T) {
	now := newClock()
	changed := func(key tokentest.Key, changes map[string]any) map[string]any {
		jwk := key.JWK()
		for name, value := range changes {
			jwk[name] = value
		}
		return jwk
	}
	for name, c := range map[string]struct {
		alg     string
		changes map[string]any
	}{
		"for encryption":       {"RS256", map[string]any{"use": "enc"}},
		"cannot verify":        {"ES256", map[string]any{"key_ops": []string{"sign"}}},
		"alg of another type":  {"ES256", map[string]any{"alg": "RS256"}},
		"alg HS256":            {"ES256", map[string]any{"alg": "HS256"}},
		"alg none":             {"ES256", map[string]any{"alg": "none"}},
		"another curve":        {"ES256", map[string]any{"crv": "P-384"}},
		"off the curve":        {"ES256", map[string]any{"x": b64(string(make([]byte, 32)))}},
		"short point":          {"ES256", map[string]any{"y": b64("short")}},
		"short EdDSA key":      {"EdDSA", map[string]any{"x": b64("short")}},
		"small modulus":        {"RS256", map[string]any{"n": b64("a small number")}},
		"exponent one":         {"RS256", map[string]any{"e": "AQ"}},
		"even exponent":        {"RS256", map[string]any{"e": "Ag"}},
		"huge exponent":        {"RS256", map[string]any{"e": b64("123456789")}},
		"RSA numbers no text":  {"RS256", map[string]any{"n": 5}},
		"symmetric":            {"ES256", map[string]any{"kty": "oct", "k": b64("secret")}},
		"type not known":       {"ES256", map[string]any{"kty": "AKP"}},
		"base64 with padding=": {"ES256", map[string]any{"x": "AAAA="}},
	} {
		bad, good := tokentest.NewKey("bad", c.alg), tokentest.NewKey("good", "ES256")
		server := tokentest.NewServer("ES256")
		server.List(changed(bad, c.changes), good.JWK())
		v := newVerifier(t, token.VerifierConfig{
			Trusted: []token.IssuerConfig{token.SupabaseIssuer(server.ProjectURL(), "")},
			HTTP:    server.HTTP.Client(), Now: now.Now,
		})
		_, err := v.Verify(t.Context(), good.Sign(server.Claims("u", now.Now()), nil))
		wantFault(t, name+": the good key beside it", err, nil)
		_, err = v.Verify(t.Context(), bad.Sign(server.Claims("u", now.Now()), nil))
		wantFault(t, name, err, token.ErrUnknownKey)
		server.Close()
	}
}

func TestTokensWithoutKeyID(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now, uncached)
	bare := map[string]any{"kid": nil}
	_, err := v.Verify(t.Context(), server.Key().Sign(server.Claims("u", now.Now()), bare))
	wantFault(t, "one key of its kind", err, nil)
	server.Rotate()
	now.Advance(11 * time.Second)
	_, err = v.Verify(t.Context(), server.Token("u", now.Now())) // fetches both
	wantFault(t, "with kid", err, nil)
	_, err = v.Verify(t.Context(), server.Key().Sign(server.Claims("u", now.Now()), bare))
	wantFault(t, "two keys of its kind", err, token.ErrUnknownKey)
}

func TestTwoKeysOfOneIDDoNotMix(t *testing.T) {
	now := newClock()
	first, second := tokentest.NewKey("same", "ES256"), tokentest.NewKey("same", "RS256")
	server, v := newIssuer(t, "ES256", now)
	server.List(first.JWK(), second.JWK())
	_, err := v.Verify(t.Context(), first.Sign(server.Claims("u", now.Now()), nil))
	wantFault(t, "the first", err, nil)
	_, err = v.Verify(t.Context(), second.Sign(server.Claims("u", now.Now()), nil))
	wantFault(t, "the second", err, token.ErrAlgNotAllowed)
}
