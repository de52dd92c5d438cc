package app_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

// toCallback goes to a provider and comes back to the callback's URL, which is not opened.
func (b *browser) toCallback(start, source string, choice providertest.Choice) *url.URL {
	b.t.Helper()
	begun := b.want(200, "POST", start, map[string]string{"provider": source, "redirect_to": "/home"})
	back, err := providertest.Visit(b.t.Context(), begun.text("url"), choice)
	if err != nil {
		b.t.Fatal(err)
	}
	return back
}

// holdsNothing fails when the browser got a session or a sign-in that waits.
func (b *browser) holdsNothing() {
	b.t.Helper()
	if r := b.do("POST", "/auth/v1/token?grant_type=refresh_token", map[string]string{}); r.status == 200 {
		b.t.Errorf("this browser is signed in: %s", r.raw)
	}
	if r := b.do("GET", "/api/v1/auth/pending", nil); r.status == 200 {
		b.t.Errorf("a sign-in waits in this browser: %s", r.raw)
	}
}

// refused opens a callback, which must lead to nothing but an error.
func (b *browser) refused(back *url.URL, code string) {
	b.t.Helper()
	r := b.do("GET", back.String(), nil)
	if r.location == nil {
		b.t.Fatalf("%d, no redirect: %s", r.status, r.raw)
	}
	q := r.location.Query()
	if q.Get("error_code") != code && q.Get("error") != code {
		b.t.Errorf("want %s, got %s", code, r.location)
	}
	b.holdsNothing()
}

const unknownFlow = "bad_oauth_state"

// An attacker who has a callback of their own lures somebody else onto it: they
// would be signed in to the attacker's account, or bind the attacker's identity.
func TestAttackLoginCSRF(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	t.Run("in a browser that never began", func(t *testing.T) {
		newBrowser(t, s).refused(newBrowser(t, s).toCallback(toLogin, "linuxdo", providertest.Choice{}), unknownFlow)
	})
	t.Run("in a browser that has a flow of its own under way", func(t *testing.T) {
		victim := newBrowser(t, s)
		victim.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo"})
		victim.refused(newBrowser(t, s).toCallback(toLogin, "linuxdo", providertest.Choice{}), unknownFlow)
	})
	t.Run("through an SDK client's flow", func(t *testing.T) {
		attacker := newBrowser(t, s)
		begun := attacker.want(302, "GET", "/auth/v1/authorize?provider=google&code_challenge_method=s256&code_challenge="+sdkChallenge, nil)
		back, err := providertest.Visit(t.Context(), begun.location.String(), providertest.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		newBrowser(t, s).refused(back, unknownFlow)
	})
	t.Run("by a form of another site", func(t *testing.T) {
		back := newBrowser(t, s).toCallback(toLogin, "linuxdo", providertest.Choice{})
		victim := newBrowser(t, s)
		r := victim.do("POST", back.String(), nil)
		if r.location == nil || r.location.Query().Get("error_code") != unknownFlow {
			t.Errorf("posted: %d %v", r.status, r.location)
		}
		victim.holdsNothing()
	})
	t.Run("with the attacker's own browser it would have worked", func(t *testing.T) {
		attacker := newBrowser(t, s)
		if r := attacker.want(302, "GET", attacker.toCallback(toLogin, "linuxdo", providertest.Choice{}).String(), nil); r.location.Path != "/auth/linuxdo/callback" {
			t.Errorf("the honest way: %s", r.location)
		}
	})
}

// State that the attacker chose, knows, or moves from one flow to another.
func TestAttackStateFixation(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	t.Run("a state in the request is not taken over", func(t *testing.T) {
		b := newBrowser(t, s)
		begun := b.want(302, "GET", "/auth/v1/authorize?provider=google&state=EVIL0123456789abcdef&code_challenge_method=s256&code_challenge="+sdkChallenge, nil)
		if got := begun.location.Query()["state"]; len(got) != 1 || strings.Contains(got[0], "EVIL") {
			t.Errorf("went with state %q", got)
		}
		b.refused(at(t, s, "google", url.Values{"state": {"EVIL0123456789abcdef"}, "code": {"c"}}), unknownFlow)
	})
	t.Run("no state", func(t *testing.T) {
		b := newBrowser(t, s)
		b.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo"})
		b.refused(at(t, s, "linuxdo", url.Values{"code": {"c"}}), "bad_oauth_callback")
	})
	for name, state := range map[string]string{"a guess": "0123456789abcdef", "a wildcard": "%"} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, s)
			b.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo"})
			b.refused(at(t, s, "linuxdo", url.Values{"state": {state}, "code": {"c"}}), unknownFlow)
		})
	}
	t.Run("used twice", func(t *testing.T) {
		b := newBrowser(t, s)
		back := b.toCallback(toLogin, "linuxdo", providertest.Choice{})
		b.want(302, "GET", back.String(), nil)
		b.want(204, "DELETE", "/api/v1/auth/pending", nil)
		b.refused(back, unknownFlow)
	})
	t.Run("two at once", func(t *testing.T) {
		b := newBrowser(t, s)
		back := b.toCallback(toLogin, "linuxdo", providertest.Choice{})
		query := back.Query()
		query.Add("state", "another")
		back.RawQuery = query.Encode()
		b.refused(back, "provider.untrusted")
	})
	t.Run("swapped between two flows of one browser", func(t *testing.T) {
		b := newBrowser(t, s)
		one, other := b.toCallback(toLogin, "corp", providertest.Choice{}), b.toCallback(toLogin, "corp", providertest.Choice{Person: "1002"})
		swapped := *one
		query := one.Query()
		query.Set("state", other.Query().Get("state"))
		swapped.RawQuery = query.Encode()
		b.refused(&swapped, "provider.refused")
	})
	t.Run("the attacker's code under the victim's state", func(t *testing.T) {
		victim := newBrowser(t, s)
		mine, theirs := newBrowser(t, s).toCallback(toLogin, "linuxdo", providertest.Choice{Person: "1002"}), victim.toCallback(toLogin, "linuxdo", providertest.Choice{})
		query := theirs.Query()
		query.Set("code", mine.Query().Get("code"))
		theirs.RawQuery = query.Encode()
		victim.refused(theirs, "provider.refused")
	})
}

// at is our callback of a source, with a query.
func at(t *testing.T, s *apptest.Server, source string, query url.Values) *url.URL {
	t.Helper()
	u, err := url.Parse(s.URL + "/auth/v1/callback/" + source + "?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The attacker runs one of two issuers whose people may sign in here, and
// wants what the other issuer gave (RFC 9207 section 1): they send the browser
// on to the honest one, with the state and the challenge of the flow at theirs.
func TestAttackMixUpOfTwoIssuers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		silent  bool   // the attacker's issuer announces no iss
		address string // where the honest issuer sends the code
		want    string
	}{
		"to the attacker's address, both name themselves":     {false, "evil", "provider.untrusted"},
		"to the attacker's address, theirs names itself not":  {true, "evil", "provider.untrusted"},
		"to the honest issuer's own address":                  {false, "honest", "pendingauth.answer_mixed_up"},
		"to the honest issuer's own, theirs names itself not": {true, "honest", "pendingauth.answer_mixed_up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := func(silent bool) *providertest.Simulator {
				sim, err := providertest.Start(t.Context(), providertest.Options{Kind: providertest.OIDC, Addr: "127.0.0.1:0", SilentIss: silent})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(sim.Close)
				return sim
			}
			honest, evil := issuer(false), issuer(c.silent)
			s := apptest.Start(t, apptest.Options{Settings: []string{`TESSERA_PROVIDERS_OIDC=[` +
				`{"name":"honest","issuer":"` + honest.URL() + `","client_id":"c","client_secret":"secret-honest"},` +
				`{"name":"evil","issuer":"` + evil.URL() + `","client_id":"c","client_secret":"secret-evil"}]`}})
			// Both addresses are registered at both: the worst case.
			back := []string{s.URL + "/auth/v1/callback/honest", s.URL + "/auth/v1/callback/evil"}
			honest.Register(providertest.App{ID: "c", Secret: "secret-honest", RedirectURIs: back})
			evil.Register(providertest.App{ID: "c", Secret: "secret-evil", RedirectURIs: back})
			victim := newBrowser(t, s)
			begun := victim.want(200, "POST", toLogin, map[string]string{"provider": "evil"})
			onward := strings.Replace(begun.text("url"), evil.URL(), honest.URL(), 1)
			onward = strings.Replace(onward, url.QueryEscape("/callback/evil"), url.QueryEscape("/callback/"+c.address), 1)
			returned, err := providertest.Visit(t.Context(), onward, providertest.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			victim.refused(returned, c.want)
			if slices.Contains(evil.Seen(), "POST /token") || slices.Contains(honest.Seen(), "POST /token") {
				t.Error("the honest issuer's code was sent on")
			}
		})
	}
}

// Of RFC 7636 appendix B.
const (
	sdkVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	sdkChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// sdkCode takes an SDK client through a sign-in, and returns the code that it
// is given.
func sdkCode(t *testing.T, s *apptest.Server) string {
	t.Helper()
	b := newBrowser(t, s)
	begun := b.want(302, "GET", "/auth/v1/authorize?provider=google&code_challenge_method=s256&code_challenge="+sdkChallenge, nil)
	back, err := providertest.Visit(t.Context(), begun.location.String(), providertest.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	to := b.want(302, "GET", back.String(), nil).location
	if to.Path == "/auth/google/callback" { // the first time, the person chooses
		done := b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{})
		if to, err = url.Parse(done.text("redirect_to")); err != nil {
			t.Fatal(err)
		}
	}
	return to.Query().Get("code")
}

func exchange(code, verifier string) map[string]string {
	return map[string]string{"auth_code": code, "code_verifier": verifier}
}

// The code that an SDK client gets is stolen on its way, or kept.
func TestAttackAuthCode(t *testing.T) {
	t.Parallel()
	const path = "/auth/v1/token?grant_type=pkce"
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for name, verifier := range map[string]string{
			"without a verifier": "", "with another verifier": strings.Repeat("x", 43),
			"with the challenge for a verifier": sdkChallenge, "with the verifier in other letters": strings.ToLower(sdkVerifier),
		} {
			t.Run(name, func(t *testing.T) {
				code := sdkCode(t, s)
				if r := newBrowser(t, s).do("POST", path, exchange(code, verifier)); r.status < 400 {
					t.Errorf("signed in: %s", r.raw)
				}
				newBrowser(t, s).want(200, "POST", path, exchange(code, sdkVerifier))
			})
		}
		t.Run("used twice", func(t *testing.T) {
			code := sdkCode(t, s)
			newBrowser(t, s).want(200, "POST", path, exchange(code, sdkVerifier))
			newBrowser(t, s).want(404, "POST", path, exchange(code, sdkVerifier))
		})
		t.Run("used by twenty at once", func(t *testing.T) {
			code := sdkCode(t, s)
			var signedIn atomic.Int32
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if newBrowser(t, s).do("POST", path, exchange(code, sdkVerifier)).status == 200 {
						signedIn.Add(1)
					}
				})
			}
			all.Wait()
			if signedIn.Load() != 1 {
				t.Errorf("%d got a session", signedIn.Load())
			}
		})
		t.Run("with guesses of the verifier", func(t *testing.T) {
			code := sdkCode(t, s)
			for range 3 {
				newBrowser(t, s).do("POST", path, exchange(code, strings.Repeat("y", 43)))
			}
			if r := newBrowser(t, s).do("POST", path, exchange(code, sdkVerifier)); r.status != 404 {
				t.Errorf("three wrong verifiers left the code alive: %s", r.raw)
			}
		})
	})
}

// Somebody takes the challenge out of the request, or weakens it.
func TestAttackPKCEDowngrade(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	for name, query := range map[string]string{
		"no challenge": "", "a method alone": "&code_challenge_method=s256", "a challenge alone": "&code_challenge=" + sdkChallenge,
		"an empty challenge": "&code_challenge=&code_challenge_method=s256", "the method none": "&code_challenge_method=none&code_challenge=" + sdkChallenge,
		"a short challenge":             "&code_challenge_method=plain&code_challenge=abc",
		"a challenge with odd letters":  "&code_challenge_method=s256&code_challenge=" + strings.Repeat("%20", 43),
		"a challenge that is too long":  "&code_challenge_method=s256&code_challenge=" + strings.Repeat("a", 129),
		"response_type token":           "&response_type=token",
		"flow_type implicit":            "&flow_type=implicit",
		"a challenge under another key": "&codeChallenge=" + sdkChallenge + "&codeChallengeMethod=s256",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, s)
			r := b.want(303, "GET", "/auth/v1/authorize?provider=google"+query, nil)
			if !strings.HasPrefix(r.location.String(), s.URL+"?") || r.location.Query().Get("error") != "invalid_request" {
				t.Errorf("sent to %s", r.location)
			}
		})
	}
}

// A bind flow is begun in one session and finished in another, or after it.
func TestAttackBindSessionFixation(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_RATE_LIMITS_SIGNUP=off"}})
	t.Run("the attacker's callback in the victim's browser", func(t *testing.T) {
		attacker, victim := newMember(t, s), newMember(t, s)
		r := victim.do("GET", attacker.toCallback(toBind, "github", providertest.Choice{Person: "1002"}).String(), nil)
		if r.location == nil || r.location.Query().Get("error_code") != unknownFlow {
			t.Errorf("opened: %d %v", r.status, r.location)
		}
		victim.hasOnly("email")
		attacker.hasOnly("email")
	})
	t.Run("finished after the session was ended", func(t *testing.T) {
		b := newMember(t, s)
		back := b.toCallback(toBind, "github", providertest.Choice{Person: "1002"})
		b.want(204, "POST", "/auth/v1/logout?scope=global", nil)
		r := b.want(302, "GET", back.String(), nil)
		if r.location.Query().Get("error") != "pendingauth.proof_missing" {
			t.Errorf("went to %s", r.location)
		}
		b.signIn()
		b.hasOnly("email")
	})
	t.Run("finished where another account is signed in by now", func(t *testing.T) {
		b := newMember(t, s)
		first := b.email
		back := b.toCallback(toBind, "github", providertest.Choice{Person: "1002"})
		b.signUp()
		b.want(302, "GET", back.String(), nil)
		b.refresh()
		b.hasOnly("email") // the account that is here now
		b.email = first
		b.signIn()
		b.hasOnly("email", "github") // the one that began it
	})
	t.Run("begun without a session", func(t *testing.T) {
		newBrowser(t, s).want(401, "POST", toBind, map[string]string{"provider": "github"})
	})
}
