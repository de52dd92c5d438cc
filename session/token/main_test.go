package token_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tessera/secret"
	"tessera/session/token"
	"tessera/session/token/tokentest"
	"tessera/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ownIssuer = "https://tessera.test/auth/v1"

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// newRing returns a started ring on a fresh SQLite database.
func newRing(t testing.TB, now *clock, change ...func(*token.KeyRingConfig)) *token.KeyRing {
	t.Helper()
	cfg := token.KeyRingConfig{
		Secret: secret.Generate(), Issuer: ownIssuer, AccessTTL: time.Hour,
		APIKeyIssuedAt: now.Now().Add(-time.Hour), Now: now.Now,
	}
	for _, c := range change {
		c(&cfg)
	}
	if cfg.Store == nil {
		cfg.Store = storetest.SQLite(t).SigningKeys()
	}
	ring, err := token.NewKeyRing(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	if err := ring.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return ring
}

func newVerifier(t testing.TB, cfg token.VerifierConfig) *token.Verifier {
	t.Helper()
	v, err := token.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newIssuer starts a simulated Supabase project and a verifier that trusts it.
func newIssuer(t testing.TB, alg string, now *clock, change ...func(*token.VerifierConfig)) (*tokentest.Server, *token.Verifier) {
	t.Helper()
	server := tokentest.NewServer(alg)
	t.Cleanup(server.Close)
	cfg := token.VerifierConfig{
		Trusted: []token.IssuerConfig{token.SupabaseIssuer(server.ProjectURL(), "")},
		HTTP:    server.HTTP.Client(), Now: now.Now,
	}
	for _, c := range change {
		c(&cfg)
	}
	return server, newVerifier(t, cfg)
}

// wantFault fails the test unless err is the fault; nil wants success.
func wantFault(t testing.TB, what string, err, want error) {
	t.Helper()
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}
