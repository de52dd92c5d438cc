package console_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/httpapi/console"
	"tessera/identity"
	"tessera/secret"
	"tessera/session"
	"tessera/session/token"
	"tessera/session/token/tokentest"
	"tessera/store/storetest"
)

// sessionsFake answers whether a session lives.
type sessionsFake struct{ err error }

func (f *sessionsFake) Current(context.Context, token.Claims) (identity.User, session.Session, error) {
	return identity.User{}, session.Session{}, f.err
}

func TestInspectToken(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	ring, err := token.NewKeyRing(token.KeyRingConfig{
		Store: storetest.SQLite(t).SigningKeys(), Secret: secret.Generate(), Issuer: "https://here/auth/v1",
		AccessTTL: time.Hour, APIKeyIssuedAt: now, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	project := tokentest.NewServer("ES256")
	t.Cleanup(project.Close)
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Own: ring, Now: clock, Trusted: []token.IssuerConfig{token.SupabaseIssuer(project.ProjectURL(), "")}, HTTP: project.HTTP.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	sessions := &sessionsFake{}
	handler := consoleServer(t, func(a *console.API) { console.AddInspect(a, verifier, sessions) })
	own := func(age time.Duration) string {
		raw, err := ring.Sign(t.Context(), token.Claims{
			Subject: uuid.NewString(), SessionID: uuid.NewString(), IssuedAt: now.Add(-age), ExpiresAt: now.Add(time.Hour - age),
		})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	anonKey, err := ring.APIKey(token.RoleAnon)
	if err != nil {
		t.Fatal(err)
	}
	forged := tokentest.NewKey("key-1", "ES256").Sign(project.Claims("u", now), nil)
	for _, c := range []struct {
		name, raw string
		session   error
		want      string
	}{
		{"own", own(0), nil, "+format +issuer +key +signature +expiry +audience +session"},
		{"signed out", own(0), session.ErrSessionNotFound, "+format +issuer +key +signature +expiry +audience -session"},
		{"user gone", own(0), identity.ErrUserNotFound, "+format +issuer +key +signature +expiry +audience -session"},
		{"expired", own(2 * time.Hour), nil, "+format +issuer +key +signature -expiry +audience +session"},
		{"of the project", project.Token("u", now), errors.New("must not be asked"), "+format +issuer +key +signature +expiry +audience +session"},
		{"forged", forged, errors.New("must not be asked"), "+format +issuer +key -signature +expiry +audience -session"},
		{"anon key", anonKey, errors.New("must not be asked"), "+format +issuer +key +signature +expiry +audience +session"},
		{"garbage", "x", errors.New("must not be asked"), "-format -issuer -key -signature -expiry -audience -session"},
		{"too long", strings.Repeat("x", 9000), nil, "-format -issuer -key -signature -expiry -audience -session"},
		{"times out of range", b64JSON(`{"alg":"ES256"}`, `{"exp":1e300,"iat":-1e300}`), nil, "-format -issuer -key -signature -expiry -audience -session"},
	} {
		sessions.err = c.session
		status, header, answer := call(t, handler, "POST", "/auth/inspect-token", "anon", `{"token":"`+c.raw+`"}`)
		if status != http.StatusOK || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", c.name, status, answer)
			continue
		}
		if got := marks(answer); got != c.want || answer["valid"] != !strings.Contains(c.want, "-") {
			t.Errorf("%s: valid %v, %s; want %s", c.name, answer["valid"], got, c.want)
		}
		if answer["server_time"] != "2026-11-21T12:00:00Z" || len(answer) != 11 {
			t.Errorf("%s: %v", c.name, answer)
		}
	}
	sessions.err = errors.New("database is away")
	if status, _, answer := call(t, handler, "POST", "/auth/inspect-token", "user", `{"token":"`+own(0)+`"}`); status != http.StatusInternalServerError {
		t.Errorf("our own failure: %d %v", status, answer)
	}
	if status, _, answer := call(t, handler, "POST", "/auth/inspect-token", "nobody", `{"token":"x"}`); status != http.StatusUnauthorized {
		t.Errorf("nobody: %d %v", status, answer)
	}
	if status, _, answer := call(t, handler, "POST", "/auth/inspect-token", "user", `{"token":""}`); status != http.StatusUnprocessableEntity {
		t.Errorf("empty: %d %v", status, answer)
	}
}

// marks writes the checks as "+format -issuer ...".
func marks(answer map[string]any) string {
	var names []string
	checks, _ := answer["checks"].([]any)
	for _, item := range checks {
		check, _ := item.(map[string]any)
		mark := "-"
		if check["ok"] == true {
			mark = "+"
		}
		name, _ := check["name"].(string)
		names = append(names, mark+name)
	}
	return strings.Join(names, " ")
}

func b64JSON(parts ...string) string {
	encoded := make([]string, len(parts))
	for i, p := range parts {
		encoded[i] = base64.RawURLEncoding.EncodeToString([]byte(p))
	}
	return strings.Join(encoded, ".") + "."
}
