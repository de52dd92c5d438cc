package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

const ownPassword = "correct-horse-9"

// signUp makes an account on a server that takes addresses as confirmed, and
// keeps its session in the cookie.
func (b *browser) signUp(email string) {
	b.t.Helper()
	b.bearer = b.want(200, "POST", "/auth/v1/signup", map[string]string{"email": email, "password": ownPassword}).text("access_token")
}

func (b *browser) signIn(email string) {
	b.t.Helper()
	b.bearer = b.want(200, "POST", "/auth/v1/token?grant_type=password",
		map[string]string{"email": email, "password": ownPassword}).text("access_token")
}

// enroll sets up an authenticator app as our pages do, and returns its secret
// and the factor's id.
func (b *browser) enroll() (secret, factorID string) {
	b.t.Helper()
	made := b.want(200, "POST", "/auth/v1/factors", map[string]string{"factor_type": "totp"})
	secret = made.body["totp"].(map[string]any)["secret"].(string)
	path := "/auth/v1/factors/" + made.text("id")
	challenge := b.want(200, "POST", path+"/challenge", map[string]string{})
	raised := b.want(200, "POST", path+"/verify", map[string]string{"challenge_id": challenge.text("id"), "code": appCode(b.t, secret, 0)})
	b.bearer = raised.text("access_token")
	return secret, made.text("id")
}

// appCode is what the authenticator app shows some steps from now.
func appCode(t *testing.T, secret string, steps int) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (b *browser) wantCode(status int, code, method, path string, body any) {
	b.t.Helper()
	r := b.want(status, method, path, body)
	got := r.text("code")
	if strings.HasPrefix(path, "/auth/v1") {
		got = r.text("error_code")
	}
	if got != code {
		b.t.Errorf("%s %s: want %s, got %s", method, path, code, r.raw)
	}
}

const autoconfirm = "TESSERA_AUTH_AUTOCONFIRM=true"

// An account with a second factor: the password alone opens nothing but the
// way to show it, on either surface.
func TestAttackWithThePasswordAloneOnAnAccountWithASecondFactor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		owner := newBrowser(t, s)
		owner.signUp("owner@example.com")
		secret, factor := owner.enroll()
		codes := owner.want(200, "POST", "/api/v1/me/recovery-codes", nil).body["codes"].([]any)

		thief := newBrowser(t, s)
		thief.signIn("owner@example.com")
		for _, c := range []struct{ method, path string }{
			{"GET", "/api/v1/me"},
			{"GET", "/api/v1/me/sessions"},
			{"GET", "/api/v1/me/recovery-codes"},
			{"POST", "/api/v1/messages"},
			{"DELETE", "/api/v1/me/sessions"},
			{"POST", "/api/v1/me/recovery-codes"},
			{"POST", "/api/v1/me/access/email"},
		} {
			t.Run(c.method+" "+c.path, func(t *testing.T) {
				thief.t = t
				thief.wantCode(403, "access.second_factor_needed", c.method, c.path, nil)
			})
		}
		thief.t = t
		thief.wantCode(403, "access.second_factor_needed", "POST", "/api/v1/me/access", map[string]string{"password": ownPassword})
		thief.wantCode(403, "access.second_factor_needed", "PUT", "/api/v1/me/password", map[string]string{"password": "another-horse-8"})
		thief.wantCode(403, "access.second_factor_needed", "POST", toBind, map[string]string{"provider": "github"})
		thief.wantCode(401, "insufficient_aal", "PUT", "/auth/v1/user", map[string]string{"password": "another-horse-8"})
		thief.wantCode(401, "insufficient_aal", "PUT", "/auth/v1/user", map[string]string{"email": "thief@example.com"})
		thief.wantCode(403, "insufficient_aal", "POST", "/auth/v1/factors", map[string]string{"factor_type": "totp"})
		thief.wantCode(422, "insufficient_aal", "DELETE", "/auth/v1/factors/"+factor, nil)
		thief.wantCode(403, "insufficient_aal", "DELETE", "/auth/v1/user/identities/"+factor, nil)
		access := thief.want(200, "GET", "/api/v1/me/access", nil)
		if access.body["confirmed_until"] != nil || access.body["second_factor_needed"] != true {
			t.Errorf("the page learns what to ask for: %s", access.raw)
		}
		thief.wantCode(422, "identity.factor_code_wrong", "POST", "/api/v1/auth/second-factor", map[string]string{"code": "000000"})

		// The owner, on the same way in.
		owner.signIn("owner@example.com")
		owner.bearer = owner.want(200, "POST", "/api/v1/auth/second-factor", map[string]string{"code": appCode(t, secret, 1)}).text("access_token")
		owner.want(200, "GET", "/api/v1/me", nil)
		owner.refresh() // the cookie leads on at aal2
		owner.want(200, "GET", "/api/v1/me", nil)
		thief.wantCode(401, "access.signed_out", "GET", "/api/v1/me", nil)

		// And without the app.
		lost := newBrowser(t, s)
		lost.signIn("owner@example.com")
		lost.bearer = lost.want(200, "POST", "/api/v1/auth/second-factor", map[string]any{"code": codes[0]}).text("access_token")
		left := lost.want(200, "GET", "/api/v1/me/recovery-codes", nil)
		if left.body["total"] != 10.0 || left.body["left"] != 9.0 {
			t.Errorf("left: %s", left.raw)
		}
		lost.want(200, "DELETE", "/auth/v1/factors/"+factor, nil)
		if r := lost.want(200, "GET", "/api/v1/me/recovery-codes", nil); r.body["total"] != 0.0 {
			t.Errorf("they go with the factor: %s", r.raw)
		}
		lost.wantCode(422, "identity.no_second_factor", "POST", "/api/v1/me/recovery-codes", nil)
	}, autoconfirm)
}

func TestAnotherSiteCannotShowTheSecondFactorWithTheCookie(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{autoconfirm}})
	b := newBrowser(t, s)
	b.signUp("owner@example.com")
	a := s.Do(t, "POST", "/api/v1/auth/second-factor", map[string]string{"code": "000000"}, apptest.Bearer(b.bearer)...)
	if a.Status != 403 || a.Text("code") != "access.own_pages_only" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

// A sensitive change waits for a confirmation on both surfaces.
func TestAttackWithAnOpenBrowserAfterTheGrace(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		b := newBrowser(t, s)
		b.signUp("owner@example.com")
		before := b.want(200, "GET", "/api/v1/me/access", nil)
		if before.body["confirmed_until"] == nil || len(before.body["methods"].([]any)) != 2 {
			t.Errorf("just signed in: %s", before.raw)
		}
		b.visit(toBind, "github", providertest.Choice{})
		user := b.want(200, "GET", "/auth/v1/user", nil)
		bound := user.body["identities"].([]any)[1].(map[string]any)["identity_id"].(string)
		s.Advance(16 * time.Minute)

		b.wantCode(403, "session.confirmation_needed", "PUT", "/api/v1/me/password", map[string]string{"password": "another-horse-8"})
		b.wantCode(403, "session.confirmation_needed", "PUT", "/api/v1/me/email", map[string]string{"email": "thief@example.com"})
		b.wantCode(403, "session.confirmation_needed", "POST", toBind, map[string]string{"provider": "google"})
		b.wantCode(403, "session.confirmation_needed", "POST", "/api/v1/me/recovery-codes", nil)
		b.wantCode(400, "reauthentication_needed", "PUT", "/auth/v1/user", map[string]string{"password": "another-horse-8"})
		b.wantCode(400, "reauthentication_needed", "PUT", "/auth/v1/user", map[string]string{"email": "thief@example.com"})
		b.wantCode(400, "reauthentication_needed", "DELETE", "/auth/v1/user/identities/"+bound, nil)
		b.wantCode(400, "reauthentication_needed", "POST", "/auth/v1/factors", map[string]string{"factor_type": "totp"})
		if r := b.want(200, "GET", "/api/v1/me/access", nil); r.body["confirmed_until"] != nil {
			t.Errorf("the grace is over: %s", r.raw)
		}
		b.wantCode(422, "session.password_wrong", "POST", "/api/v1/me/access", map[string]string{"password": "wrong"})
		b.wantCode(422, "request.validation_failed", "POST", "/api/v1/me/access", map[string]string{"password": "a", "code": "123456"})
		b.wantCode(422, "request.validation_failed", "POST", "/api/v1/me/access", map[string]string{})

		b.want(204, "POST", "/api/v1/me/access/email", nil)
		done := b.want(200, "POST", "/api/v1/me/access", map[string]string{"email_code": codeIn(t, s, "owner@example.com")})
		if done.body["confirmed_until"] == nil {
			t.Errorf("confirmed: %s", done.raw)
		}
		b.want(200, "DELETE", "/auth/v1/user/identities/"+bound, nil)
		s.Advance(16 * time.Minute)
		b.want(200, "POST", "/api/v1/me/access", map[string]string{"password": ownPassword})
		b.want(204, "PUT", "/api/v1/me/password", map[string]string{"password": "another-horse-8"})
		b.wantCode(422, "session.password_wrong", "POST", "/api/v1/me/access", map[string]string{"password": ownPassword})
		changed := b.want(200, "PUT", "/api/v1/me/email", map[string]string{"email": "next@example.com"})
		if changed.text("email") != "owner@example.com" || changed.text("new_email") != "next@example.com" {
			t.Errorf("the address waits: %s", changed.raw)
		}
	}, autoconfirm)
}

func TestAttackByGuessingToConfirmAccess(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{autoconfirm, "TESSERA_API_RATE_LIMITS_PROOF=4/1m"}})
	b := newBrowser(t, s)
	b.signUp("owner@example.com")
	for range 4 {
		b.want(422, "POST", "/api/v1/me/access", map[string]string{"password": "wrong"})
	}
	a := s.Do(t, "POST", "/api/v1/me/access", map[string]string{"password": ownPassword}, apptest.Bearer(b.bearer)...)
	if a.Status != 429 || a.Header.Get("Retry-After") == "" || a.Text("code") != "request.rate_limited" {
		t.Errorf("the fifth: %d %s %v", a.Status, a.Raw, a.Header)
	}
}

func TestSessionsAreListedAndSignedOut(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
		here, there, third := newBrowser(t, s), newBrowser(t, s), newBrowser(t, s)
		here.signUp("owner@example.com")
		signedIn := s.Must(t, 200, "POST", "/auth/v1/token?grant_type=password",
			map[string]string{"email": "owner@example.com", "password": ownPassword}, "User-Agent", firefox)
		there.bearer = signedIn.Text("access_token")
		third.signIn("owner@example.com")
		stranger := newBrowser(t, s)
		stranger.signUp("stranger@example.com")

		list := func() []any { return here.want(200, "GET", "/api/v1/me/sessions", nil).body["sessions"].([]any) }
		all := list()
		if len(all) != 3 {
			t.Fatalf("sessions: %v", all)
		}
		second := all[1].(map[string]any)
		if second["browser"] != "Firefox" || second["os"] != "Linux" || second["is_current"] != false || second["ip"] == "" {
			t.Errorf("what the list says: %v", second)
		}
		if all[2].(map[string]any)["is_current"] != true {
			t.Errorf("the one that asks: %v", all[2])
		}
		path := "/api/v1/me/sessions/" + second["id"].(string)
		stranger.wantCode(404, "session.unknown", "DELETE", path, nil)
		there.want(200, "GET", "/api/v1/me", nil)
		here.want(204, "DELETE", path, nil)
		there.wantCode(401, "access.signed_out", "GET", "/api/v1/me", nil)
		here.wantCode(404, "session.unknown", "DELETE", path, nil)
		here.want(204, "DELETE", "/api/v1/me/sessions", nil)
		third.want(401, "GET", "/api/v1/me", nil)
		if left := list(); len(left) != 1 {
			t.Errorf("left: %v", left)
		}
	}, autoconfirm)
}
