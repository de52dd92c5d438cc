package token_test

import (
	"testing"

	"tessera/session/token"
)

func BenchmarkSign(b *testing.B) {
	now := newClock()
	ring := newRing(b, now)
	claims := token.Claims{
		Subject: "0199aa00-0000-7000-8000-000000000000", Email: "a@example.com", SessionID: "0199aa00-0000-7000-8000-000000000001",
		AAL: "aal1", AMR: []token.Method{{Method: "password", At: now.Now()}},
		AppMetadata: map[string]any{"provider": "email", "providers": []string{"email"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.Sign(b.Context(), claims); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		for name, size := range map[string]int{"uncached": -1, "cached": 0} {
			b.Run(alg+"/"+name, func(b *testing.B) {
				now := newClock()
				server, v := newIssuer(b, alg, now, func(c *token.VerifierConfig) { c.CacheSize = size })
				raw := server.Token("0199aa00-0000-7000-8000-000000000000", now.Now())
				b.ReportAllocs()
				for b.Loop() {
					if _, err := v.Verify(b.Context(), raw); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	now := newClock()
	ring := newRing(b, now)
	v := newVerifier(b, token.VerifierConfig{Own: ring, Now: now.Now})
	raw, err := ring.Sign(b.Context(), token.Claims{Subject: "u"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := v.Verify(b.Context(), raw); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
