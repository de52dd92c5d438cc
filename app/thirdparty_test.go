package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

// browser is one of our own pages: it keeps cookies and follows no redirect.
type browser struct {
	t      *testing.T
	server *apptest.Server
	client *http.Client
	bearer string
}

func newBrowser(t *testing.T, s *apptest.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, server: s, client: &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type reply struct {
	status   int
	location *url.URL
	body     map[string]any
	raw      string
}

func (r reply) text(key string) string {
	s, _ := r.body[key].(string)
	return s
}

// do sends a request as a page of ours does.
func (b *browser) do(method, path string, body any) reply {
	b.t.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	req, err := b.request(method, path, content)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, raw: string(raw)}
	r.location, _ = resp.Location()
	_ = json.Unmarshal(raw, &r.body)
	return r
}

// request is a request as a page of ours makes it; content is JSON, nil none.
func (b *browser) request(method, path string, content io.Reader) (*http.Request, error) {
	target := path
	if strings.HasPrefix(path, "/") {
		target = b.server.URL + path
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, target, content)
	if err != nil {
		return nil, err
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Tessera-Session", "cookie")
	req.Header.Set("Origin", b.server.URL)
	if b.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	return req, nil
}

// want is do for a call that must answer a status.
func (b *browser) want(status int, method, path string, body any) reply {
	b.t.Helper()
	r := b.do(method, path, body)
	if r.status != status {
		b.t.Fatalf("%s %s: want %d, got %d: %s", method, path, status, r.status, r.raw)
	}
	return r
}

// visit goes to a source and back to the callback, and returns its answer.
func (b *browser) visit(start, source string, choice providertest.Choice) reply {
	b.t.Helper()
	body := map[string]string{"provider": source, "redirect_to": "/home"}
	if source == "wechat" {
		body["channel"] = "open"
	}
	begun := b.want(200, "POST", start, body)
	back, err := providertest.Visit(b.t.Context(), begun.text("url"), choice)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.want(302, "GET", back.String(), nil)
}

const (
	toLogin = "/api/v1/auth/flows"
	toBind  = "/api/v1/auth/bindings"
)

// refresh takes the session from its cookie, as a page does when it loads.
func (b *browser) refresh() reply {
	b.t.Helper()
	r := b.want(200, "POST", "/auth/v1/token?grant_type=refresh_token", map[string]string{})
	b.bearer = r.text("access_token")
	return r
}

func TestFirstLoginThroughEachSourceThenDirect(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for _, source := range []string{"linuxdo", "google", "github", "wechat", "corp"} {
			b := newBrowser(t, s)
			out := b.visit(toLogin, source, providertest.Choice{})
			if out.location.Path != "/auth/"+source+"/callback" || out.location.RawQuery != "" {
				t.Fatalf("%s: an unknown person chooses first: %s", source, out.location)
			}
			waiting := b.want(200, "GET", "/api/v1/auth/pending", nil)
			if waiting.text("nickname") == "" || waiting.body["email_verified"] != false {
				t.Errorf("%s: candidates: %s", source, waiting.raw)
			}
			done := b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{"adopt_nickname": true})
			if done.text("redirect_to") != s.URL+"/home" || strings.Contains(done.raw, "token") {
				t.Errorf("%s: completion: %s", source, done.raw)
			}
			session := b.refresh()
			me := b.want(200, "GET", "/api/v1/me", nil)
			if me.text("nickname") != waiting.text("nickname") || me.text("avatar_url") != "" || me.text("email") != "" {
				t.Errorf("%s: only the nickname was taken over, and no address: %s", source, me.raw)
			}
			b.want(404, "GET", "/api/v1/auth/pending", nil)

			again := newBrowser(t, s)
			direct := again.visit(toLogin, source, providertest.Choice{})
			if direct.location.Path != "/home" || again.refresh().body["user"].(map[string]any)["id"] != session.body["user"].(map[string]any)["id"] {
				t.Errorf("%s: the second login is direct: %s", source, direct.location)
			}
		}
	})
}

func TestCancelAtTheProviderAndAReplayedCallback(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	b := newBrowser(t, s)
	out := b.visit(toLogin, "linuxdo", providertest.Choice{Cancel: true})
	if out.location.Path != "/auth/linuxdo/callback" || out.location.Query().Get("error") != "provider.denied" {
		t.Errorf("cancelled: %s", out.location)
	}
	begun := b.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo"})
	back, err := providertest.Visit(t.Context(), begun.text("url"), providertest.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	stranger := newBrowser(t, s)
	if r := stranger.want(303, "GET", back.String(), nil); r.location.Query().Get("error_code") != "bad_oauth_state" {
		t.Errorf("another browser: %s", r.location)
	}
	b.want(302, "GET", back.String(), nil)
	if r := b.want(303, "GET", back.String(), nil); r.location.Query().Get("error_code") != "bad_oauth_state" {
		t.Errorf("the callback replayed: %s", r.location)
	}
}

func TestAttackAnAnswerAtAnotherProvidersCallback(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	b := newBrowser(t, s)
	begun := b.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo"})
	back, err := providertest.Visit(t.Context(), begun.text("url"), providertest.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if back.Path != "/auth/v1/callback/linuxdo" {
		t.Fatalf("each source has a callback of its own: %s", back)
	}
	elsewhere := *back
	elsewhere.Path = "/auth/v1/callback/google"
	if r := b.want(302, "GET", elsewhere.String(), nil); r.location.Query().Get("error") != "pendingauth.answer_mixed_up" {
		t.Errorf("at Google's callback: %s", r.location)
	}
	for _, seen := range append(s.Providers["google"].Seen(), s.Providers["linuxdo"].Seen()...) {
		if strings.Contains(seen, "/token") {
			t.Errorf("the code was sent to a token endpoint: %s", seen)
		}
	}
	if r := b.want(303, "GET", back.String(), nil); r.location.Query().Get("error_code") != "bad_oauth_state" {
		t.Errorf("afterwards the flow is spent: %s", r.location)
	}
}

func TestBindToAnExistingAccountWithPasswordAndSecondFactor(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	owner := newBrowser(t, s)
	owner.want(200, "POST", "/auth/v1/signup", map[string]string{"email": "owner@example.com", "password": "correct-horse-9"})
	owner.refresh()
	enrolled := owner.want(200, "POST", "/auth/v1/factors", map[string]string{"factor_type": "totp", "friendly_name": "phone"})
	secret := enrolled.body["totp"].(map[string]any)["secret"].(string)
	factor := "/auth/v1/factors/" + enrolled.text("id")
	challenge := owner.want(200, "POST", factor+"/challenge", map[string]string{})
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	owner.want(422, "POST", factor+"/verify", map[string]string{"challenge_id": challenge.text("id"), "code": "000000"})
	raised := owner.want(200, "POST", factor+"/verify", map[string]string{"challenge_id": challenge.text("id"), "code": code})
	owner.bearer = raised.text("access_token")
	owner.want(422, "POST", factor+"/verify", map[string]string{"challenge_id": challenge.text("id"), "code": code}) // once

	b := newBrowser(t, s)
	b.visit(toLogin, "linuxdo", providertest.Choice{})
	proof := map[string]string{"email": "owner@example.com", "password": "correct-horse-9"}
	b.want(403, "POST", "/api/v1/auth/pending/bind", map[string]bool{})
	if r := b.want(403, "POST", "/api/v1/auth/pending/proof", proof); r.text("code") != "pendingauth.totp_required" {
		t.Errorf("the password alone: %s", r.raw)
	}
	if proof["totp"], err = totp.GenerateCode(secret, time.Now().Add(30*time.Second)); err != nil {
		t.Fatal(err)
	}
	b.want(200, "POST", "/api/v1/auth/pending/proof", proof)
	b.want(200, "POST", "/api/v1/auth/pending/bind", map[string]bool{"adopt_avatar": true})
	user := b.refresh().body["user"].(map[string]any)
	if user["email"] != "owner@example.com" || len(user["identities"].([]any)) != 2 {
		t.Errorf("bound: %v", user)
	}
}

func TestBindFromTheProfileAndTheLastWayIn(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	first := newBrowser(t, s)
	first.visit(toLogin, "corp", providertest.Choice{})
	first.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{})
	only := first.refresh().body["user"].(map[string]any)["identities"].([]any)[0].(map[string]any)["identity_id"].(string)
	if r := first.want(422, "DELETE", "/auth/v1/user/identities/"+only, nil); r.text("error_code") != "single_identity_not_deletable" {
		t.Errorf("the last way in: %s", r.raw)
	}
	if r := first.visit(toBind, "github", providertest.Choice{}); r.location.Query().Get("linked") != "github" {
		t.Fatalf("bind: %s", r.location)
	}
	first.want(200, "DELETE", "/auth/v1/user/identities/"+only, nil)

	other := newBrowser(t, s)
	other.want(200, "POST", "/auth/v1/signup", map[string]string{"email": "other@example.com", "password": "correct-horse-9"})
	other.refresh()
	if r := other.visit(toBind, "github", providertest.Choice{}); r.location.Query().Get("error") != "identity.identity_taken" {
		t.Errorf("bound elsewhere: %s", r.location)
	}
}

func TestARequiredAddressThroughTheAdministratorsPolicy(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	admin := newBrowser(t, s)
	admin.want(200, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": s.Admin.Email, "password": s.Admin.Password})
	admin.refresh()
	policy := admin.want(200, "GET", "/api/v1/admin/policies/sources", nil)
	policy.body["policy"] = map[string]any{"sources": map[string]any{"linuxdo": map[string]any{
		"email_required": true, "on_signup": map[string]any{"balance_micros": 1000, "concurrency": 0, "subscription_days": 0},
		"on_first_bind": map[string]any{"balance_micros": 0, "concurrency": 0, "subscription_days": 0},
	}}}
	admin.want(200, "PUT", "/api/v1/admin/policies/sources", policy.body)
	admin.want(409, "PUT", "/api/v1/admin/policies/sources", policy.body) // from an old version

	b := newBrowser(t, s)
	b.visit(toLogin, "linuxdo", providertest.Choice{})
	if r := b.want(422, "POST", "/api/v1/auth/pending/create", map[string]bool{}); r.text("code") != "pendingauth.email_required" {
		t.Fatalf("without an address: %s", r.raw)
	}
	b.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": s.Admin.Email})
	conflict := b.want(200, "POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": codeIn(t, s, s.Admin.Email)})
	if conflict.body["email_has_account"] != true {
		t.Errorf("who reads the mail is told of the account: %s", conflict.raw)
	}
	b.want(409, "POST", "/api/v1/auth/pending/create", map[string]bool{})
	b.want(200, "POST", "/api/v1/auth/pending/email", map[string]string{"email": "mine@example.com"})
	b.want(200, "POST", "/api/v1/auth/pending/email/verify", map[string]string{"code": codeIn(t, s, "mine@example.com")})
	b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{})
	if user := b.refresh().body["user"].(map[string]any); user["email"] != "mine@example.com" {
		t.Errorf("made: %v", user)
	}
}

func TestWeChatWithoutUnionIDIsRefused(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	if err := s.Providers["wechat"].Misbehave(providertest.Faults{Names: []string{"unionid_missing"}}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, s)
	if r := b.visit(toLogin, "wechat", providertest.Choice{}); r.location.Query().Get("error") != "wechat.unionid_missing" {
		t.Errorf("no unionid: %s", r.location)
	}
}

func TestAttackOtherSitesCannotUseThePendingCookie(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	b := newBrowser(t, s)
	b.visit(toLogin, "linuxdo", providertest.Choice{})
	for name, headers := range map[string][]string{
		"a form": {}, "another origin": {"X-Tessera-Session", "cookie", "Origin", "https://evil.example"},
		"a cross-site fetch": {"X-Tessera-Session", "cookie", "Sec-Fetch-Site", "cross-site"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/api/v1/auth/pending/create", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

func TestSDKClientsSignInWithPKCEOnly(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_SITE_ALLOWED_REDIRECTS=https://app.example/**"}})
	b := newBrowser(t, s)
	implicit := b.want(303, "GET", "/auth/v1/authorize?provider=google&redirect_to=https://app.example/cb", nil)
	if implicit.location.Host != "app.example" || !strings.Contains(implicit.location.RawQuery, "PKCE") {
		t.Errorf("without a challenge: %s", implicit.location)
	}
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	login := func() *url.URL {
		begun := b.want(302, "GET", "/auth/v1/authorize?provider=google&redirect_to=https://app.example/cb&code_challenge="+challenge+"&code_challenge_method=s256", nil)
		back, err := providertest.Visit(t.Context(), begun.location.String(), providertest.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		return b.want(302, "GET", back.String(), nil).location
	}
	if at := login(); at.Path != "/auth/google/callback" {
		t.Fatalf("the first time our page lets the person choose: %s", at)
	}
	done := b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{})
	for _, raw := range []string{done.text("redirect_to"), login().String()} {
		to, err := url.Parse(raw)
		if err != nil || to.Host != "app.example" || to.Query().Get("code") == "" || to.Fragment != "" {
			t.Fatalf("back to the app with a code: %s", raw)
		}
		b.want(200, "POST", "/auth/v1/token?grant_type=pkce", map[string]string{
			"auth_code": to.Query().Get("code"), "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		})
	}
}

// codeIn is the six-digit code of the newest mail to an address.
func codeIn(t *testing.T, s *apptest.Server, address string) string {
	t.Helper()
	mail, err := s.Mail.Wait(t.Context(), address, 1)
	if err != nil {
		t.Fatal(err)
	}
	code := strings.TrimSpace(regexp.MustCompile(`(?m)^\s*\d{6}\s*$`).FindString(mail.Raw))
	if code == "" {
		t.Fatalf("no code in the mail: %s", mail.Raw)
	}
	return code
}
