package gotrue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"tessera/httpapi"
	"tessera/httpapi/gotrue"
	"tessera/identity"
	"tessera/secret"
	"tessera/session"
	"tessera/session/token"
	"tessera/store/storetest"
)

// server is the surface on a real database behind a real listener.
type server struct {
	*gotrue.Surface
	*httptest.Server
	ring  *token.KeyRing
	mails *mailbox
}

type mailbox struct {
	sync.Mutex
	sent []session.Mail
}

func (m *mailbox) Send(_ context.Context, mail session.Mail) error {
	m.Lock()
	defer m.Unlock()
	m.sent = append(m.sent, mail)
	return nil
}

func (m *mailbox) last(t *testing.T) session.Mail {
	t.Helper()
	m.Lock()
	defer m.Unlock()
	if len(m.sent) == 0 {
		t.Fatal("no mail was sent")
	}
	return m.sent[len(m.sent)-1]
}

type unlimited struct{}

func (unlimited) Wait(context.Context, string, time.Duration) (time.Duration, error) { return 0, nil }

func (unlimited) Allow(context.Context, string, httpapi.Rate) (time.Duration, error) { return 0, nil }

func start(t *testing.T) *server {
	t.Helper()
	db := storetest.SQLite(t)
	key := secret.Generate()
	router := chi.NewRouter()
	listener := httptest.NewServer(httpapi.WithRequestID(router))
	t.Cleanup(listener.Close)
	issuer := listener.URL + gotrue.Prefix
	log := slog.New(slog.DiscardHandler)
	ring, err := token.NewKeyRing(token.KeyRingConfig{
		Store: db.SigningKeys(), Secret: key, Issuer: issuer, Now: time.Now, Log: log, AccessTTL: time.Hour,
		APIKeyIssuedAt: time.Now().Add(-time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{Own: ring, HTTP: listener.Client(), Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	redirects, err := session.NewRedirects(listener.URL, listener.URL, []string{"https://app.example/**"}, true)
	if err != nil {
		t.Fatal(err)
	}
	external, err := url.Parse(listener.URL)
	if err != nil {
		t.Fatal(err)
	}
	accounts := &identity.Service{
		Store: db.Users(), Audit: db.Audit(), Hasher: identity.NewHasher(time.Minute), InTx: db.InTx, Now: time.Now,
		Config: identity.Config{Anonymous: true, Autoconfirm: true, PasswordMinLength: 6},
	}
	passkeys, err := identity.NewPasskeys(identity.PasskeyDeps{
		Accounts: accounts, Store: db.Passkeys(), Now: time.Now, Config: identity.PasskeyConfig{Enabled: true}, ExternalURL: external,
	})
	if err != nil {
		t.Fatal(err)
	}
	mails := &mailbox{}
	surface := &gotrue.Surface{
		Sessions: &session.Service{
			Accounts: accounts, Passkeys: passkeys, Store: db.Sessions(), Codes: db.Codes(), Signer: ring, Mailer: mails, Limiter: unlimited{},
			Redirects: redirects, Keys: session.DeriveKeys(key), InTx: db.InTx, Now: time.Now, Log: log, Issuer: issuer,
			Config: session.Config{AccessTTL: time.Hour, ReuseWindow: 10 * time.Second, MailTTL: time.Hour, SecureEmailChange: true},
		},
		Accounts: accounts, Verifier: verifier, Keys: ring, Limits: &httpapi.Limits{Limiter: unlimited{}, Log: log},
		Cookies: httpapi.Cookies{ExternalURL: external}, Sources: func() []string { return nil }, Version: "test",
	}
	surface.Mount(router)
	return &server{Surface: surface, Server: listener, ring: ring, mails: mails}
}

type answer struct {
	*http.Response
	raw  string
	body map[string]any
}

func (a answer) text(key string) string {
	s, _ := a.body[key].(string)
	return s
}

// call sends a JSON request; headers are pairs.
func (s *server) call(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+gotrue.Prefix+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Response: resp, raw: string(raw)}
	_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&a.body)
	return a
}

func (s *server) signUp(t *testing.T, email string) answer {
	t.Helper()
	a := s.call(t, "POST", "/signup", `{"email":"`+email+`","password":"correct-horse-9"}`)
	if a.StatusCode != 200 || a.text("access_token") == "" {
		t.Fatalf("sign up: %d %s", a.StatusCode, a.raw)
	}
	return a
}

func TestBothVersionsOfTheErrorBody(t *testing.T) {
	s := start(t)
	old := s.call(t, "POST", "/token?grant_type=password", `{"email":"a@example.com","password":"x"}`)
	if old.StatusCode != 400 || old.body["code"] != 400.0 || old.text("error_code") != "invalid_credentials" ||
		old.text("msg") != "Invalid login credentials" || old.Header.Get("X-Supabase-Api-Version") != "" {
		t.Errorf("without a version: %d %s", old.StatusCode, old.raw)
	}
	dated := s.call(t, "POST", "/token?grant_type=password", `{"email":"a@example.com","password":"x"}`, "X-Supabase-Api-Version", "2024-01-01")
	if dated.StatusCode != 400 || dated.text("code") != "invalid_credentials" || dated.text("message") != "Invalid login credentials" ||
		dated.Header.Get("X-Supabase-Api-Version") != "2024-01-01" || dated.Header.Get("X-Sb-Error-Code") != "invalid_credentials" {
		t.Errorf("with a version: %d %s", dated.StatusCode, dated.raw)
	}
	if dated.Header.Get("X-Request-Id") == "" {
		t.Error("every answer names its request")
	}
}

func TestOurOwnPagesKeepTheRefreshTokenInACookie(t *testing.T) {
	s := start(t)
	own := []string{"X-Tessera-Session", "cookie", "Origin", s.URL, "Sec-Fetch-Site", "same-origin"}
	in := s.call(t, "POST", "/signup", `{"email":"page@example.com","password":"correct-horse-9"}`, own...)
	cookies := in.Cookies()
	if in.StatusCode != 200 || in.text("refresh_token") != "" || len(cookies) != 1 {
		t.Fatalf("sign up: %d %s, cookies %v", in.StatusCode, in.raw, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/auth/v1" || strings.Contains(in.raw, c.Value) {
		t.Errorf("cookie: %+v", c)
	}
	with := append(own, "Cookie", c.Name+"="+c.Value)
	again := s.call(t, "POST", "/token?grant_type=refresh_token", `{}`, with...)
	if again.StatusCode != 200 || again.text("access_token") == "" || again.text("refresh_token") != "" || len(again.Cookies()) != 1 {
		t.Fatalf("refresh by cookie: %d %s", again.StatusCode, again.raw)
	}
	foreign := map[string][]string{
		"no header":        {"Cookie", c.Name + "=" + c.Value},
		"another site":     {"X-Tessera-Session", "cookie", "Origin", "https://evil.example", "Cookie", c.Name + "=" + c.Value},
		"cross-site fetch": {"X-Tessera-Session", "cookie", "Sec-Fetch-Site", "cross-site", "Cookie", c.Name + "=" + c.Value},
		"a null origin":    {"X-Tessera-Session", "cookie", "Origin", "null", "Cookie", c.Name + "=" + c.Value},
	}
	for name, headers := range foreign {
		if a := s.call(t, "POST", "/token?grant_type=refresh_token", `{}`, headers...); a.StatusCode != 400 || a.text("access_token") != "" {
			t.Errorf("%s: the cookie should not count: %d", name, a.StatusCode)
		}
	}
	out := s.call(t, "POST", "/logout", "", append(with, "Authorization", "Bearer "+again.text("access_token"))...)
	if out.StatusCode != 204 || len(out.Cookies()) != 1 || out.Cookies()[0].MaxAge >= 0 {
		t.Errorf("sign-out should take the cookie away: %d %v", out.StatusCode, out.Cookies())
	}
}

func TestPreflightAllowsWhatTheClientsSend(t *testing.T) {
	s := start(t)
	a := s.call(t, "OPTIONS", "/token?grant_type=password", "", "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "apikey,authorization,content-type,x-client-info,x-supabase-api-version")
	allowed := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers"))
	if a.StatusCode != 204 || a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("preflight: %d %v", a.StatusCode, a.Header)
	}
	for _, name := range []string{"apikey", "authorization", "content-type", "x-client-info", "x-supabase-api-version"} {
		if !strings.Contains(allowed, name) {
			t.Errorf("%s should be allowed", name)
		}
	}
	if strings.Contains(allowed, "x-tessera-session") || a.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("no other origin may use our pages' cookie")
	}
}

func TestALinkIsConsumedByItsButtonOnly(t *testing.T) {
	s := start(t)
	s.signUp(t, "link@example.com")
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	s.call(t, "POST", "/recover?redirect_to=https://app.example/cb", `{"email":"link@example.com","code_challenge":"`+challenge+`","code_challenge_method":"s256"}`)
	link, err := url.Parse(s.mails.last(t).Link)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link.Path, gotrue.Prefix) + "?" + link.RawQuery
	for range 3 { // a scanner, a preview, the person
		page := s.call(t, "GET", path, "", "Accept-Language", "zh-CN,zh")
		if page.StatusCode != 200 || !strings.Contains(page.raw, "重设密码") || !strings.Contains(page.raw, `method="post"`) {
			t.Fatalf("the page: %d %s", page.StatusCode, page.raw)
		}
		if csp := page.Header.Get("Content-Security-Policy"); !regexp.MustCompile(`style-src 'sha256-[A-Za-z0-9+/]{43}='`).MatchString(csp) {
			t.Errorf("policy: %s", csp)
		}
	}
	form := url.Values{"token": {link.Query().Get("token")}, "type": {"recovery"}, "redirect_to": {"https://app.example/cb"}}
	press := s.call(t, "POST", "/verify", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	to, err := url.Parse(press.Header.Get("Location"))
	if err != nil || press.StatusCode != 303 || to.Host != "app.example" || to.Query().Get("code") == "" || to.Fragment != "" {
		t.Fatalf("the button: %d %s", press.StatusCode, press.Header.Get("Location"))
	}
	session := s.call(t, "POST", "/token?grant_type=pkce", `{"auth_code":"`+to.Query().Get("code")+`","code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}`)
	if session.StatusCode != 200 || session.text("access_token") == "" {
		t.Fatalf("exchange: %d %s", session.StatusCode, session.raw)
	}
	again := s.call(t, "GET", path, "")
	if loc := again.Header.Get("Location"); again.StatusCode != 303 || !strings.Contains(loc, "error_code=otp_expired") || !strings.HasPrefix(loc, "https://app.example/cb") {
		t.Errorf("a used link: %d %s", again.StatusCode, loc)
	}
}

func TestAdministration(t *testing.T) {
	s := start(t)
	key, err := s.ring.APIKey(token.RoleServiceRole)
	if err != nil {
		t.Fatal(err)
	}
	anon, err := s.ring.APIKey(token.RoleAnon)
	if err != nil {
		t.Fatal(err)
	}
	admin := []string{"Authorization", "Bearer " + key}
	user := s.signUp(t, "user@example.com")
	for name, headers := range map[string][]string{"anon key": {"Authorization", "Bearer " + anon}, "a user": {"Authorization", "Bearer " + user.text("access_token")}} {
		if a := s.call(t, "GET", "/admin/users", "", headers...); a.StatusCode != 403 || a.text("error_code") != "not_admin" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.raw)
		}
	}
	made := s.call(t, "POST", "/admin/users", `{"email":"made@example.com","password":"correct-horse-9","email_confirm":true,"user_metadata":{"a":1},"app_metadata":{"plan":"x"}}`, admin...)
	if made.StatusCode != 200 || made.body["app_metadata"].(map[string]any)["plan"] != "x" || made.body["user_metadata"].(map[string]any)["email_verified"] != true {
		t.Fatalf("create: %d %s", made.StatusCode, made.raw)
	}
	path := "/admin/users/" + made.text("id")
	banned := s.call(t, "PUT", path, `{"ban_duration":"24h"}`, admin...)
	if banned.StatusCode != 200 || banned.text("banned_until") == "" {
		t.Fatalf("ban: %d %s", banned.StatusCode, banned.raw)
	}
	login := s.call(t, "POST", "/token?grant_type=password", `{"email":"made@example.com","password":"correct-horse-9"}`)
	if login.StatusCode != 400 || login.text("error_code") != "user_banned" {
		t.Errorf("login of the banned: %d %s", login.StatusCode, login.raw)
	}
	if a := s.call(t, "PUT", path, `{"ban_duration":"none","email":"moved@example.com"}`, admin...); a.StatusCode != 200 || a.text("email") != "moved@example.com" || a.text("banned_until") != "" {
		t.Errorf("lift the ban, move the address: %d %s", a.StatusCode, a.raw)
	}
	list := s.call(t, "GET", "/admin/users?page=1&per_page=1", "", admin...)
	if list.Header.Get("X-Total-Count") != "2" || list.Header.Get("Link") != `</admin/users?page=2&per_page=1>; rel="next", </admin/users?page=2&per_page=1>; rel="last"` {
		t.Errorf("paging: %v", list.Header)
	}
	link := s.call(t, "POST", "/admin/generate_link", `{"type":"magiclink","email":"user@example.com","redirect_to":"https://evil.example/"}`, admin...)
	if link.StatusCode != 200 || link.text("redirect_to") != s.URL || !strings.Contains(link.text("action_link"), "/auth/v1/verify?") {
		t.Errorf("link: %d %s", link.StatusCode, link.raw)
	}
	if a := s.call(t, "DELETE", path, "", admin...); a.StatusCode != 200 || strings.TrimSpace(a.raw) != "{}" {
		t.Errorf("delete: %d %s", a.StatusCode, a.raw)
	}
	if a := s.call(t, "GET", path, "", admin...); a.StatusCode != 404 || a.text("error_code") != "user_not_found" {
		t.Errorf("after: %d %s", a.StatusCode, a.raw)
	}
	audit := s.call(t, "GET", "/admin/audit?per_page=100", "", admin...)
	for _, action := range []string{"user_signedup", "login", "login_failed", "user_modified", "user_deleted"} {
		if !strings.Contains(audit.raw, `"`+action+`"`) {
			t.Errorf("the audit log should hold %s", action)
		}
	}
	if strings.Contains(audit.raw, "correct-horse-9") {
		t.Error("and no password")
	}
}

func TestEveryFaultHasAPlaceInGoTruesWords(t *testing.T) {
	s := start(t)
	for path, want := range map[string]struct {
		body, message, code string
		status              int
	}{
		"/signup":  {`{"email":5,"password":"x"}`, "email must be a string, not a number", "bad_json", 400},
		"/recover": {`{"email":"nope"}`, "invalid format", "validation_failed", 400},
		"/otp":     {`{}`, "One of email or phone must be set", "validation_failed", 400},
		"/resend":  {`{"type":"x"}`, "Missing one of these types", "validation_failed", 400},
		"/verify":  {`{"type":"zzz","email":"a@example.com","token":"000000"}`, "expired or is invalid", "otp_expired", 403},
		"/token":   {`{}`, "unsupported_grant_type", "invalid_credentials", 400},
	} {
		a := s.call(t, "POST", path, want.body)
		if a.StatusCode != want.status || a.text("error_code") != want.code || !strings.Contains(a.text("msg"), want.message) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.raw)
		}
	}
}
