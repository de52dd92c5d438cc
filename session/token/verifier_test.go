package token_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tessera/fault"
	"tessera/session/token"
	"tessera/session/token/tokentest"
)

func TestEveryAlgorithmOfATrustedIssuer(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			now := newClock()
			server, v := newIssuer(t, alg, now)
			got, err := v.Verify(t.Context(), server.Token("s-1", now.Now()))
			if err != nil {
				t.Fatal(err)
			}
			if got.Own || got.Issuer != server.Name() || got.Subject != "s-1" || got.Alg != alg || got.KeyID != "key-1" ||
				got.Email != "user-s-1@example.com" || got.Role != "authenticated" || len(got.AMR) != 1 || got.SessionID == "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestSharedSecretOfAProject(t *testing.T) {
	now := newClock()
	server := tokentest.NewServer("ES256")
	defer server.Close()
	server.Set(tokentest.Empty) // as projects that sign with HS256 publish
	shared := "super-secret-jwt-token-with-at-least-32-characters-long"
	v := newVerifier(t, token.VerifierConfig{
		Trusted: []token.IssuerConfig{token.SupabaseIssuer(server.ProjectURL(), shared)},
		HTTP:    server.HTTP.Client(), Now: now.Now,
	})
	claims := server.Claims("s-1", now.Now())
	for _, header := range []map[string]any{nil, {"kid": "the-secrets-kid-in-no-jwks"}} {
		got, err := v.Verify(t.Context(), tokentest.SignHS256([]byte(shared), claims, header))
		if err != nil || got.Subject != "s-1" || got.Own {
			t.Errorf("header %v: %+v, %v", header, got, err)
		}
	}
	if server.Fetches() != 0 {
		t.Error("a shared secret needs no key set")
	}
	_, err := v.Verify(t.Context(), tokentest.SignHS256([]byte(strings.Repeat("y", 40)), claims, nil))
	wantFault(t, "another secret", err, token.ErrBadSignature)
	// A service key of the project is nobody here.
	key := tokentest.SignHS256([]byte(shared), server.Claims("", now.Now(), map[string]any{"sub": nil, "role": "service_role"}), nil)
	_, err = v.Verify(t.Context(), key)
	wantFault(t, "the project's service key", err, token.ErrNoSubject)
	named := tokentest.SignHS256([]byte(shared), server.Claims("s", now.Now(), map[string]any{"role": "service_role"}), nil)
	if got, err := v.Verify(t.Context(), named); err != nil || got.IsServiceRole() {
		t.Errorf("the project's service_role must not be ours: %+v, %v", got, err)
	}
}

// refused is one token that must not pass, and why.
type refused struct {
	name string
	raw  string
	want error
	text string // in the parser's wording, "" = not asked
}

func TestRefusedTokens(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now)
	rsaKey := tokentest.NewKey("rsa-1", "RS256")
	server.Add(rsaKey)
	n, key := now.Now(), server.Key()
	with := func(changes map[string]any) string { return server.Token("u", n, changes) }
	header := func(h map[string]any) string { return key.Sign(server.Claims("u", n), h) }
	good := server.Token("u", n)
	stranger := tokentest.NewKey("key-1", "ES256") // the right kid, another key

	cases := []refused{
		{"empty", "", token.ErrMalformed, "token is malformed: token contains an invalid number of segments"},
		{"garbage", "garbage", token.ErrMalformed, "token is malformed: token contains an invalid number of segments"},
		{"two parts", "a.b", token.ErrMalformed, ""},
		{"four parts", good + ".x", token.ErrMalformed, ""},
		{"too long", good + strings.Repeat("x", token.MaxTokenSize), token.ErrMalformed, ""},
		{"padding", good + "=", token.ErrMalformed, ""},
		{"white space", " " + good, token.ErrMalformed, ""},
		{"header no JSON", b64("x") + "." + b64("{}") + ".", token.ErrMalformed, ""},
		{"header an array", b64("[]") + "." + b64("{}") + ".", token.ErrMalformed, ""},
		{"claims an array", b64(`{"alg":"ES256"}`) + "." + b64("[1]") + ".", token.ErrMalformed, ""},
		{"claims null", b64(`{"alg":"ES256","kid":"key-1"}`) + "." + b64("null") + ".", token.ErrUnknownIssuer, ""},
		{"no alg", b64(`{}`) + "." + b64("{}") + ".", token.ErrAlgNotAllowed, ""},
		{"alg a number", b64(`{"alg":5}`) + "." + b64("{}") + ".", token.ErrAlgNotAllowed, ""},
		{"kid a number", header(map[string]any{"kid": 5}), token.ErrMalformed, ""},
		{"exp out of range", with(map[string]any{"exp": 1e300}), token.ErrMalformed, ""},
		{"exp text", with(map[string]any{"exp": "tomorrow"}), token.ErrMalformed, ""},
		{"crit", header(map[string]any{"crit": []string{"b64"}, "b64": false}), token.ErrMalformed, ""},

		{
			"alg none", tokentest.SignNone(server.Claims("u", n), nil), token.ErrAlgNotAllowed,
			"token signature is invalid: signing method none is invalid",
		},
		{"alg None", b64(`{"alg":"None"}`) + "." + strings.Split(good, ".")[1] + ".", token.ErrAlgNotAllowed, ""},
		{"alg none with a key's kid", tokentest.SignNone(server.Claims("u", n), map[string]any{"kid": "key-1"}), token.ErrAlgNotAllowed, ""},
		{"alg HS512", b64(`{"alg":"HS512","kid":"key-1"}`) + "." + strings.Split(good, ".")[1] + ".AA", token.ErrAlgNotAllowed, ""},
		{"alg of another key", rsaKey.Sign(server.Claims("u", n), map[string]any{"kid": "key-1"}), token.ErrAlgNotAllowed, ""},
		{"alg changed after signing", b64(`{"alg":"EdDSA","kid":"key-1"}`) + good[strings.Index(good, "."):], token.ErrAlgNotAllowed, ""},

		{"another issuer", with(map[string]any{"iss": "https://evil.example/auth/v1"}), token.ErrUnknownIssuer, ""},
		{"issuer with a slash", with(map[string]any{"iss": server.Name() + "/"}), token.ErrUnknownIssuer, ""},
		{"no issuer", with(map[string]any{"iss": nil}), token.ErrUnknownIssuer, ""},
		{"another key of the same kid", stranger.Sign(server.Claims("u", n), nil), token.ErrBadSignature, ""},
		{"signature cut", good[:len(good)-2], token.ErrBadSignature, ""},
		{"no signature", good[:strings.LastIndex(good, ".")+1], token.ErrBadSignature, ""},
		{"claims changed after signing", swapClaims(good, with(map[string]any{"sub": "admin"})), token.ErrBadSignature, ""},
		{"own key in the header", selfMade(server, n), token.ErrBadSignature, ""},

		{
			"expired", server.Token("u", n.Add(-2*time.Hour)), token.ErrExpired,
			"token has invalid claims: token is expired",
		},
		{"expired by 30 s", with(map[string]any{"exp": n.Add(-30 * time.Second).Unix()}), token.ErrExpired, ""},
		{"no exp", with(map[string]any{"exp": nil}), token.ErrClaimMissing, ""},
		{"not yet", with(map[string]any{"nbf": n.Add(31 * time.Second).Unix()}), token.ErrNotYetValid, ""},
		{"issued in the future", with(map[string]any{"iat": n.Add(31 * time.Second).Unix()}), token.ErrNotYetValid, ""},
		{"another audience", with(map[string]any{"aud": "somebody"}), token.ErrWrongAudience, ""},
		{"no audience", with(map[string]any{"aud": nil}), token.ErrWrongAudience, ""},
		{"no audience, role anon", with(map[string]any{"aud": nil, "sub": nil, "role": "anon"}), token.ErrWrongAudience, ""},
		{"no subject", with(map[string]any{"sub": nil}), token.ErrNoSubject, "invalid claim: missing sub claim"},
		{"empty subject", with(map[string]any{"sub": ""}), token.ErrNoSubject, ""},
		{"no subject, role service_role", with(map[string]any{"sub": nil, "role": "service_role"}), token.ErrNoSubject, ""},
	}
	for _, c := range cases {
		_, err := v.Verify(t.Context(), c.raw)
		wantFault(t, c.name, err, c.want)
		if c.text != "" && token.Explain(err) != c.text {
			t.Errorf("%s: explained as %q, want %q", c.name, token.Explain(err), c.text)
		}
		if token.Explain(err) == "" {
			t.Errorf("%s: no explanation in %v", c.name, err)
		}
		if verdict := v.Inspect(t.Context(), c.raw); verdict.Valid {
			t.Errorf("%s: Inspect finds it valid", c.name)
		}
	}
	_, err := v.Verify(t.Context(), good)
	wantFault(t, "the good token among them", err, nil)
	for _, c := range []struct {
		name string
		raw  string
	}{
		{"expired by less than the skew", with(map[string]any{"exp": n.Add(-29 * time.Second).Unix()})},
		{"issued a little ahead", with(map[string]any{"iat": n.Add(29 * time.Second).Unix(), "nbf": n.Add(29 * time.Second).Unix()})},
		{"two audiences", with(map[string]any{"aud": []string{"x", "authenticated"}})},
		{"jku and x5u are ignored", header(map[string]any{"jku": "https://evil.example", "x5u": "https://evil.example"})},
		{"odd types in what is only shown", with(map[string]any{"role": []string{"a"}, "amr": []any{"pwd", 5}, "email": nil, "is_anonymous": "yes"})},
	} {
		_, err := v.Verify(t.Context(), c.raw)
		wantFault(t, c.name, err, nil)
	}
}

// The public key of an asymmetric issuer never becomes an HMAC secret, in any
// of the spellings that attackers try.
func TestPublicKeyIsNoSharedSecret(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		for _, shared := range []string{"", strings.Repeat("s", 32)} {
			now := newClock()
			server := tokentest.NewServer(alg)
			v := newVerifier(t, token.VerifierConfig{
				Trusted: []token.IssuerConfig{token.SupabaseIssuer(server.ProjectURL(), shared)},
				HTTP:    server.HTTP.Client(), Now: now.Now,
			})
			_, err := v.Verify(t.Context(), server.Token("u", now.Now()))
			wantFault(t, "the issuer's own token", err, nil)
			want := error(token.ErrAlgNotAllowed)
			if shared != "" {
				want = token.ErrBadSignature
			}
			for _, secret := range publicBytes(t, server.Key()) {
				for _, header := range []map[string]any{nil, {"kid": "key-1"}} {
					_, err := v.Verify(t.Context(), tokentest.SignHS256(secret, server.Claims("u", now.Now()), header))
					wantFault(t, alg+" as HMAC", err, want)
				}
			}
			server.Close()
		}
	}
}

// publicBytes returns a public key in every form that it is published in.
func publicBytes(t *testing.T, key tokentest.Key) [][]byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwk, err := json.Marshal(key.JWK())
	if err != nil {
		t.Fatal(err)
	}
	all := [][]byte{der, asPEM, []byte(strings.TrimSpace(string(asPEM))), jwk}
	if public, ok := key.Public().(*ecdsa.PublicKey); ok {
		point, err := public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, point)
	}
	return all
}

func TestTokensOfSeveralIssuersStayApart(t *testing.T) {
	now := newClock()
	first, second := tokentest.NewServer("ES256"), tokentest.NewServer("ES256")
	defer first.Close()
	defer second.Close()
	ring := newRing(t, now)
	v := newVerifier(t, token.VerifierConfig{
		Own: ring, Now: now.Now,
		Trusted: []token.IssuerConfig{
			token.SupabaseIssuer(first.ProjectURL()+"/", ""),
			{Issuer: second.Name(), Audiences: []string{"app"}, Algorithms: []string{"ES256"}},
		},
	})
	_, err := v.Verify(t.Context(), first.Token("u", now.Now()))
	wantFault(t, "first", err, nil)
	_, err = v.Verify(t.Context(), second.Token("u", now.Now(), map[string]any{"aud": "app"}))
	wantFault(t, "second", err, nil)
	_, err = v.Verify(t.Context(), second.Token("u", now.Now()))
	wantFault(t, "second with the first's audience", err, token.ErrWrongAudience)
	_, err = v.Verify(t.Context(), second.Token("u", now.Now(), map[string]any{"iss": first.Name()}))
	wantFault(t, "second's key in the first's name", err, token.ErrBadSignature)
	_, err = v.Verify(t.Context(), first.Token("u", now.Now(), map[string]any{"iss": ownIssuer}))
	wantFault(t, "first's key in our name", err, token.ErrUnknownKey)
	mine, err := ring.Sign(t.Context(), token.Claims{Subject: "u", Issuer: first.Name()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), mine)
	wantFault(t, "our key in the first's name", err, token.ErrUnknownKey)
}

func TestCachedVerificationEndsInTime(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now)
	long := server.Token("u", now.Now())
	short := server.Token("u", now.Now(), map[string]any{"exp": now.Now().Add(time.Minute).Unix()})
	for _, raw := range []string{long, short, long, short} {
		_, err := v.Verify(t.Context(), raw)
		wantFault(t, "fresh", err, nil)
	}
	now.Advance(time.Minute + 31*time.Second)
	_, err := v.Verify(t.Context(), short)
	wantFault(t, "the short one, out of time", err, token.ErrExpired)
	_, err = v.Verify(t.Context(), long)
	wantFault(t, "the long one", err, nil)
	// The issuer revokes the key: what is cached goes with it.
	server.Rotate()
	server.Revoke()
	now.Advance(20 * time.Second)
	_, err = v.Verify(t.Context(), server.Token("u", now.Now()))
	wantFault(t, "the new key", err, nil)
	_, err = v.Verify(t.Context(), long)
	wantFault(t, "a cached token of a revoked key", err, token.ErrUnknownKey)
}

// An entry of the cache is for the very same token: changing any character of
// a verified one must not find it, and must not pass.
func TestEveryCharacterOfATokenCounts(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now)
	good := server.Token("u", now.Now())
	_, err := v.Verify(t.Context(), good)
	wantFault(t, "good", err, nil)
	for i := range good {
		for _, c := range []byte("A-_z.") {
			if good[i] == c {
				continue
			}
			changed := good[:i] + string(c) + good[i+1:]
			if _, err := v.Verify(t.Context(), changed); err == nil {
				t.Fatalf("passes with %q for %q at %d", c, good[i], i)
			}
		}
	}
}

func TestFailuresAreCountedByReason(t *testing.T) {
	now := newClock()
	var mu sync.Mutex
	var reasons []string
	server, v := newIssuer(t, "ES256", now, func(c *token.VerifierConfig) {
		c.OnFailure = func(reason string) {
			mu.Lock()
			defer mu.Unlock()
			reasons = append(reasons, reason)
		}
	})
	for _, raw := range []string{
		"x", server.Token("u", now.Now()), server.Token("u", now.Now().Add(-3*time.Hour)),
		server.Token("u", now.Now(), map[string]any{"iss": "x"}),
	} {
		_, _ = v.Verify(t.Context(), raw)
	}
	if want := []string{"malformed", "expired", "unknown_issuer"}; !slices.Equal(reasons, want) {
		t.Errorf("reasons %v, want %v", reasons, want)
	}
	if got := token.Reason(fault.ErrUnexpected); got != "internal" {
		t.Errorf("another fault counts as %q", got)
	}
}

func TestConfigurationMistakesAreNamedTogether(t *testing.T) {
	now := newClock()
	_, err := token.NewVerifier(token.VerifierConfig{Own: newRing(t, now), Now: now.Now, Trusted: []token.IssuerConfig{
		{},
		{Issuer: ownIssuer},
		{Issuer: "https://a/auth/v1", HS256Secret: "short"},
		{Issuer: "https://b/auth/v1", Algorithms: []string{"HS256"}},
		{Issuer: "https://c/auth/v1", Algorithms: []string{"none"}},
		{Issuer: "accounts.example.com"},
		{Issuer: "https://d/auth/v1", JWKSURL: "https://user:pass@d/jwks"},
	}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"issuer must be set", "server itself", "at least 32 bytes", "HS256 needs", `"none" is not`, "JWKS URL must be", "user or password"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "user:pass") {
		t.Error("the error shows a password")
	}
}

func TestInspectSaysWhichCheckFailed(t *testing.T) {
	now := newClock()
	server, v := newIssuer(t, "ES256", now)
	n := now.Now()
	passes := func(verdict token.Verdict) string {
		var s strings.Builder
		for _, c := range verdict.Checks {
			if c.Detail == "" {
				t.Errorf("check %s has no detail", c.Name)
			}
			mark := "-"
			if c.OK {
				mark = "+"
			}
			s.WriteString(mark + c.Name + " ")
		}
		return strings.TrimSpace(s.String())
	}
	stranger := tokentest.NewKey("key-1", "ES256")
	for name, c := range map[string]struct{ raw, want string }{
		"good":             {server.Token("u", n), "+format +issuer +key +signature +expiry +audience"},
		"garbage":          {"x", "-format -issuer -key -signature -expiry -audience"},
		"expired":          {server.Token("u", n.Add(-3*time.Hour)), "+format +issuer +key +signature -expiry +audience"},
		"forged":           {stranger.Sign(server.Claims("u", n), nil), "+format +issuer +key -signature +expiry +audience"},
		"foreign":          {server.Token("u", n, map[string]any{"iss": "x"}), "+format -issuer -key -signature +expiry -audience"},
		"expired, not us":  {server.Token("u", n.Add(-3*time.Hour), map[string]any{"aud": "x"}), "+format +issuer +key +signature -expiry -audience"},
		"key not there":    {tokentest.NewKey("other", "ES256").Sign(server.Claims("u", n), nil), "+format +issuer -key -signature +expiry +audience"},
		"no subject at it": {server.Token("u", n, map[string]any{"sub": nil}), "+format +issuer +key +signature +expiry -audience"},
	} {
		verdict := v.Inspect(t.Context(), c.raw)
		if got := passes(verdict); got != c.want || verdict.Valid != !strings.Contains(c.want, "-") {
			t.Errorf("%s: valid %v, %s; want %s", name, verdict.Valid, got, c.want)
		}
		if (verdict.Claims == nil) != (name == "garbage") {
			t.Errorf("%s: claims %v", name, verdict.Claims)
		}
		if !verdict.At.Equal(n) {
			t.Errorf("%s: at %v", name, verdict.At)
		}
	}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// swapClaims puts the claims of one token between header and signature of
// another.
func swapClaims(signed, claims string) string {
	a, b := strings.Split(signed, "."), strings.Split(claims, ".")
	return a[0] + "." + b[1] + "." + a[2]
}

// selfMade is signed with a key that it brings along itself, under a kid of
// the issuer.
func selfMade(server *tokentest.Server, now time.Time) string {
	key := tokentest.NewKey("key-1", "ES256")
	return key.Sign(server.Claims("u", now), map[string]any{"jwk": key.JWK(), "jku": "http://127.0.0.1:1/jwks.json"})
}
