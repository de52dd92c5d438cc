package token_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tessera/session/token"
	"tessera/session/token/tokentest"
)

// Whatever comes in as a token: no panic, Verify and Inspect agree, the
// verdict can be written as JSON, and only what an issuer signed passes.
func FuzzVerify(f *testing.F) {
	now := newClock()
	server, _ := newIssuer(f, "ES256", now)
	ring := newRing(f, now, func(c *token.KeyRingConfig) { c.LegacyHS256Secret = strings.Repeat("legacy", 8) })
	v := newVerifier(f, token.VerifierConfig{
		Own: ring, Now: now.Now, HTTP: server.HTTP.Client(),
		Trusted: []token.IssuerConfig{token.SupabaseIssuer(server.ProjectURL(), strings.Repeat("shared", 8))},
	})
	good := server.Token("u", now.Now())
	own, err := ring.Sign(f.Context(), token.Claims{Subject: "u"})
	if err != nil {
		f.Fatal(err)
	}
	anon, err := ring.APIKey(token.RoleAnon)
	if err != nil {
		f.Fatal(err)
	}
	signed := map[string]bool{good: true, own: true, anon: true}
	forger := tokentest.NewKey("key-1", "ES256")
	for _, raw := range []string{
		good, own, anon, "", "..", "a.b.c", tokentest.SignNone(server.Claims("u", now.Now()), nil),
		forger.Sign(server.Claims("u", now.Now()), map[string]any{"crit": []string{"x"}}),
		forger.Sign(map[string]any{"exp": 1e300, "aud": []any{1, nil}, "amr": []any{map[string]any{"timestamp": -1e18}}}, nil),
		tokentest.SignHS256([]byte("x"), map[string]any{"iss": "supabase", "role": "service_role", "exp": 1 << 40}, nil),
		b64(`{"alg":"ES256"}`) + "." + b64(`null`) + ".AA",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := v.Verify(t.Context(), raw)
		if err == nil && !signed[raw] {
			t.Fatalf("nobody signed %q, and it gives %+v", raw, claims)
		}
		if err != nil && (claims.Subject != "" || claims.Role != "" || token.Explain(err) == "" && token.Reason(err) == "internal") {
			t.Fatalf("claims %+v with error %v", claims, err)
		}
		verdict := v.Inspect(t.Context(), raw)
		if verdict.Valid != (err == nil) {
			t.Fatalf("Inspect says %v, Verify %v", verdict, err)
		}
		if _, err := json.Marshal(verdict); err != nil {
			t.Fatalf("the verdict on %q: %v", raw, err)
		}
	})
}
