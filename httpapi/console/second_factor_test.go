package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"

	"tessera/httpapi/console"
	"tessera/identity"
	"tessera/session"
	"tessera/session/token"
)

// Who has a second factor is let in only by a session that shows it: one of our
// own, or an issuer's token that says so.
func TestWhoIsLetInWithASecondFactor(t *testing.T) {
	protected := identity.User{ID: uuid.New(), Email: "a@example.com", Factors: []identity.Factor{{IsVerified: true}}}
	unfinished := identity.User{ID: uuid.New(), Email: "b@example.com", Factors: []identity.Factor{{}}}
	own := func(aal string, methods ...string) session.Session {
		s := session.Session{ID: uuid.New(), AAL: aal}
		for _, m := range methods {
			s.AMR = append(s.AMR, token.Method{Method: m})
		}
		return s
	}
	callers := map[string]console.Caller{
		"password":                {User: protected, Session: own("aal1", "password")},
		"a touch":                 {User: protected, Session: own("aal1", "passkey")},
		"app":                     {User: protected, Session: own("aal2", "totp", "password")},
		"verified passkey":        {User: protected, Session: own("aal1", "passkey", "mfa")},
		"issuer without":          {User: protected, Claims: token.Claims{AAL: "aal1"}},
		"issuer with":             {User: protected, Claims: token.Claims{AAL: "aal2"}},
		"own token says, not row": {User: protected, Claims: token.Claims{AAL: "aal2"}, Session: own("aal1", "password")},
		"none set up":             {User: unfinished, Session: own("aal1", "password")},
	}
	api := console.New("test", func(_ context.Context, accessToken string) (console.Caller, error) { return callers[accessToken], nil })
	console.AddMe(api)
	for name, isIn := range map[string]bool{
		"password": false, "a touch": false, "app": true, "verified passkey": true, "issuer without": false, "issuer with": true,
		"own token says, not row": false, "none set up": true,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/me", nil)
		r.Header.Set("Authorization", "Bearer "+name)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if want := map[bool]int{true: 200, false: 403}[isIn]; w.Code != want {
			t.Errorf("%s: want %d, got %d %s", name, want, w.Code, w.Body)
		}
	}
}
