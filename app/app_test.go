package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tessera/app"
	"tessera/app/apptest"
)

func TestProbes(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ready := s.Must(t, http.StatusOK, "GET", "/readyz", nil)
		for _, name := range []string{"database", "coordination", "keys"} {
			if !strings.Contains(ready.Raw, `{"name":"`+name+`","status":"ok"}`) {
				t.Errorf("%s is not checked: %s", name, ready.Raw)
			}
		}
		s.Must(t, http.StatusOK, "GET", "/healthz", nil)
		s.Must(t, http.StatusOK, "HEAD", "/healthz", nil)
		s.SignIn(t, s.Admin)
		s.Do(t, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": s.Admin.Email, "password": "wrong one"})
		s.Do(t, "GET", "/api/v1/me", nil, apptest.Bearer("eyJhbGciOiJub25lIn0.e30.")...)
		metrics := s.Must(t, http.StatusOK, "GET", "/metrics", nil).Raw
		for _, want := range []string{
			`tessera_http_requests_total{method="GET",route="/readyz",status="200"}`,
			`tessera_logins_total{method="password",result="ok"} 1`,
			`tessera_logins_total{method="password",result="identity.bad_credentials"} 1`,
			`tessera_token_verification_failures_total{reason="`, `tessera_db_connections{pool="write"`, `tessera_jobs{state="ready"}`,
			`tessera_streams_open 0`, `go_goroutines`, `process_resident_memory_bytes`, `tessera_build_info`,
		} {
			if !strings.Contains(metrics, want) {
				t.Errorf("no %s in /metrics", want)
			}
		}
	})
}

func TestMetricsAreNotForStrangers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	s.Must(t, http.StatusNotFound, "GET", "/metrics", nil, "X-Forwarded-For", "203.0.113.5")
	s = apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_METRICS_TOKEN=a-token-of-metrics"}})
	s.Must(t, http.StatusNotFound, "GET", "/metrics", nil)
	s.Must(t, http.StatusOK, "GET", "/metrics", nil, apptest.Bearer("a-token-of-metrics")...)
}

// A session outlives a restart, and so does its access token.
func TestRestartKeepsSessions(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		before := s.SignIn(t, s.Admin)
		anon, service := s.AnonKey, s.ServiceRoleKey
		s.Restart(t)
		s.Must(t, http.StatusOK, "GET", "/auth/v1/user", nil, apptest.Bearer(before.Text("access_token"))...)
		s.Must(t, http.StatusOK, "POST", "/auth/v1/token?grant_type=refresh_token",
			map[string]string{"refresh_token": before.Text("refresh_token")})
		if s.AnonKey != anon || s.ServiceRoleKey != service {
			t.Error("a restart changed the API keys")
		}
	})
}

func TestRotatingKeysLogsNobodyOut(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		before := s.SignIn(t, s.Admin)
		s.Stop() // SQLite has one process at a time
		var out bytes.Buffer
		command := app.Command{Environ: append([]string{
			"TESSERA_SECRET_KEY=" + s.Options.SecretKey, "TESSERA_DATABASE_URL=" + s.Options.DatabaseURL, "TESSERA_SITE_EXTERNAL_URL=" + s.URL,
		}, s.Options.Settings...), Out: &out, Err: &bytes.Buffer{}}
		if err := command.RotateKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := regexp.MustCompile(`(?m)\s(active|standby|retired)\s`).FindAllString(out.String(), -1); len(got) != 3 {
			t.Errorf("keys after rotation:\n%s", out.String())
		}
		s.Restart(t)
		s.Must(t, http.StatusOK, "GET", "/auth/v1/user", nil, apptest.Bearer(before.Text("access_token"))...)
		after := s.Must(t, http.StatusOK, "POST", "/auth/v1/token?grant_type=refresh_token",
			map[string]string{"refresh_token": before.Text("refresh_token")})
		oldHeader, _, _ := strings.Cut(before.Text("access_token"), ".")
		newHeader, _, _ := strings.Cut(after.Text("access_token"), ".")
		if oldHeader == newHeader {
			t.Error("the new token is signed with the old key")
		}
	})
}

func TestEveryAnswerHasARequestID(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	for _, path := range []string{"/", "/healthz", "/auth/v1/health", "/auth/v1/nowhere", "/api/v1/me", "/api/v1/nowhere", "/assets/none.js", "/api/v2", "/v1/models"} {
		a := s.Do(t, "GET", path, nil, "X-Request-Id", "mine-1")
		if got := a.Header.Get("X-Request-Id"); got != "mine-1" {
			t.Errorf("%s: request id %q", path, got)
		}
		if strings.HasPrefix(path, "/api/v1") && a.Text("request_id") != "mine-1" {
			t.Errorf("%s: body %s", path, a.Raw)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: headers %v", path, a.Header)
		}
	}
}

// Pages of other origins may call /auth/v1, as client libraries do; no other
// surface is open to them.
func TestCrossOriginIsForAuthAlone(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	preflight := []string{"Origin", "https://elsewhere.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "apikey"}
	a := s.Do(t, "OPTIONS", "/auth/v1/token", nil, preflight...)
	if a.Status != http.StatusNoContent || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "apikey") {
		t.Errorf("/auth/v1: %d %v", a.Status, a.Header)
	}
	for _, path := range []string{"/api/v1/me", "/api/v1/messages", "/", "/metrics"} {
		a := s.Do(t, "OPTIONS", path, nil, preflight...)
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other origins: %v", path, a.Header)
		}
	}
}

// The flows below touch every secret that there is. None may turn up in the
// log, in an answer to somebody else, or in the audit log.
func TestSecretsStayOutOfLogsAndAnswers(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		const password, wrong, next = "correct-horse-battery", "wrong-horse-battery", "another-horse-battery"
		s.Must(t, http.StatusOK, "POST", "/auth/v1/signup?redirect_to=%2Fhome", map[string]string{"email": "one@example.com", "password": password})
		mail, err := s.Mail.Wait(t.Context(), "one@example.com", 1)
		if err != nil {
			t.Fatal(err)
		}
		letter, err := mail.Read()
		if err != nil {
			t.Fatal(err)
		}
		link := regexp.MustCompile(`https?://\S+token(_hash)?=([^&\s]+)\S*`).FindStringSubmatch(letter.Text)
		if link == nil {
			t.Fatalf("no link in %s", letter.Text)
		}
		code := regexp.MustCompile(`\b\d{6}\b`).FindString(letter.Text)
		session := s.Must(t, http.StatusOK, "POST", "/auth/v1/verify", map[string]string{"type": "signup", "email": "one@example.com", "token": code})
		s.Do(t, "GET", "/auth/v1/verify?type=signup&token="+link[2], nil)
		s.Do(t, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": "one@example.com", "password": wrong})
		s.Do(t, "GET", "/api/v1/me?access_token="+session.Text("access_token"), nil, apptest.Bearer(session.Text("access_token")+"x")...)
		s.Do(t, "PUT", "/auth/v1/user", map[string]any{"password": next}, apptest.Bearer(session.Text("access_token"))...)
		s.Do(t, "PUT", "/auth/v1/user", map[string]any{"password": []string{next}}, apptest.Bearer(session.Text("access_token"))...)
		s.Do(t, "POST", "/auth/v1/token?grant_type=refresh_token", map[string]string{"refresh_token": session.Text("refresh_token")})
		s.Do(t, "GET", "/auth/v1/admin/users", nil, apptest.Bearer(s.ServiceRoleKey)...)
		admin := s.SignIn(t, s.Admin)
		audit := s.Must(t, http.StatusOK, "GET", "/api/v1/admin/audit?limit=200", nil, apptest.Bearer(admin.Text("access_token"))...)
		public := s.Must(t, http.StatusOK, "GET", "/api/v1/public-config", nil)

		s.Stop()
		places := map[string]string{"log": s.Logs.String(), "audit": audit.Raw, "public config": public.Raw}
		for name, secret := range map[string]string{
			"password": password, "wrong password": wrong, "next password": next, "link's token": link[2], "secret key": s.Options.SecretKey,
			"access token": session.Text("access_token"), "refresh token": session.Text("refresh_token"),
			"service role key": s.ServiceRoleKey, "administrator's password": s.Admin.Password, "simulator's key": "simulator-key",
		} {
			for place, text := range places {
				if len(secret) < 8 || strings.Contains(text, secret) {
					t.Errorf("%s (%d bytes) is in the %s", name, len(secret), place)
				}
			}
		}
		if !strings.Contains(s.Logs.String(), `"route":"/auth/v1/verify"`) {
			t.Errorf("the log does not show the requests:\n%.2000s", s.Logs)
		}
	})
}

func TestConfigErrorsComeAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := app.LoadConfig("", []string{
		"TESSERA_HTTP_ADDR=8080", "TESSERA_AUTH_MODE=supabase", "TESSERA_SITE_EXTERNAL_URL=example.com", "TESSERA_MAIL_HOST=mail.example.com",
		"TESSERA_HTTP_TRUSTED_PROXIES=everyone", "TESSERA_AUTH_AUTOCONFRIM=true", "TESSERA_DATABASE_URL=mysql://x",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"TESSERA_HTTP_ADDR: must be HOST:PORT", "supabase.url: must be set in supabase mode", "supabase.anon_key: must be set",
		"TESSERA_SITE_EXTERNAL_URL: must be an http or https URL", "mail.from: must be", `TESSERA_HTTP_TRUSTED_PROXIES: "everyone"`,
		"TESSERA_AUTH_AUTOCONFRIM: no setting has this name; is TESSERA_AUTH_AUTOCONFIRM meant?", "TESSERA_DATABASE_URL: must be sqlite:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
}

func TestStartWithoutASecretKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	load := func(settings ...string) app.Config {
		c, err := app.LoadConfig("", append(settings, "TESSERA_DATA_DIR="+dir, "TESSERA_HTTP_ADDR=127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	start := func(c app.Config) (*app.App, error) {
		return app.Start(t.Context(), app.Options{Config: c, Log: app.NewLogger(&bytes.Buffer{}, c.Log), Now: time.Now})
	}
	_, err := start(load())
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "export TESSERA_SECRET_KEY=$(openssl rand -base64 32)") {
		t.Errorf("production: %v", err)
	}
	_, err = start(load("TESSERA_SECRET_KEY=short"))
	if err == nil || !strings.Contains(err.Error(), "TESSERA_SECRET_KEY") {
		t.Errorf("a bad key: %v", err)
	}
	for range 2 { // the second start finds the key of the first
		a, err := start(load("TESSERA_ENVIRONMENT=development"))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "secret.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kept key: %v %v", info, err)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := app.LoadConfig("", []string{"TESSERA_HTTP_ADDR=" + u.Host})
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.Start(t.Context(), app.Options{Config: c, Log: app.NewLogger(&bytes.Buffer{}, c.Log), Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), u.Host+" is in use by another program") {
		t.Errorf("got %v", err)
	}
}

// A test user's token is issued by /auth/v1, through the server's own router,
// and passes the verifier like anyone's.
func TestTestUsers(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		admin := apptest.Bearer(s.SignIn(t, s.Admin).Text("access_token"))
		made := s.Must(t, http.StatusOK, "POST", "/api/v1/llm/tests/create-mail-user", map[string]string{"username_prefix": "gymbro-test"}, admin...)
		me := s.Must(t, http.StatusOK, "GET", "/api/v1/me", nil, apptest.Bearer(made.Text("access_token"))...)
		if me.Text("email") != made.Text("email") || made.Text("username") != "gymbro-test-01" {
			t.Errorf("made %s, is %s", made.Raw, me.Raw)
		}
		if len(s.Mail.Messages("")) > 0 {
			t.Error("a test user was sent a mail")
		}
		verdict := s.Must(t, http.StatusOK, "POST", "/api/v1/auth/inspect-token", map[string]string{"token": made.Text("access_token")}, admin...)
		if valid, _ := verdict.Body["valid"].(bool); !valid {
			t.Errorf("verdict %s", verdict.Raw)
		}
		anon := s.Must(t, http.StatusOK, "POST", "/api/v1/llm/tests/anon-token", map[string]string{}, admin...)
		s.Must(t, http.StatusForbidden, "GET", "/api/v1/admin/audit", nil, apptest.Bearer(anon.Text("access_token"))...)
	})
}

func TestOpenAPIIsServedAsItIsPrinted(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	var served, printed any
	if err := json.Unmarshal([]byte(s.Must(t, http.StatusOK, "GET", "/api/v1/openapi.json", nil).Raw), &served); err != nil {
		t.Fatal(err)
	}
	spec, err := app.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(spec, &printed); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(served)
	b, _ := json.Marshal(printed)
	if !bytes.Equal(a, b) {
		t.Error("tessera openapi prints another description than the server serves")
	}
}

// The limits hold for an address and for a user, and an event stream is not
// counted: a server that comes back must not lock its clients out.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		bearer := apptest.Bearer(s.SignIn(t, s.Admin).Text("access_token"))
		get := func(path, client string) apptest.Answer {
			return s.Do(t, "GET", path, nil, append(bearer, "X-Forwarded-For", client)...)
		}
		for i := range 5 {
			if a := get("/api/v1/me", "203.0.113.1"); a.Status != http.StatusOK {
				t.Fatalf("request %d: %d %s", i, a.Status, a.Raw)
			}
		}
		byAddress := get("/api/v1/public-config", "203.0.113.1")
		if byAddress.Status != http.StatusTooManyRequests || byAddress.Text("code") != "request.rate_limited" || byAddress.Header.Get("Retry-After") == "" {
			t.Errorf("the address's limit: %d %s", byAddress.Status, byAddress.Raw)
		}
		if a := get("/api/v1/public-config", "203.0.113.2"); a.Status != http.StatusOK {
			t.Errorf("another address pays for it: %d", a.Status)
		}
		for range 3 {
			get("/api/v1/me", "203.0.113.3")
		}
		if a := get("/api/v1/me", "203.0.113.4"); a.Status != http.StatusTooManyRequests {
			t.Errorf("the user's limit: %d", a.Status)
		}
		const stream = "/api/v1/messages/01920000-0000-7000-8000-000000000000/events"
		for i := range 10 {
			if a := get(stream, "203.0.113.1"); a.Status != http.StatusNotFound {
				t.Fatalf("stream %d: %d %s", i, a.Status, a.Raw)
			}
		}
		login := func() apptest.Answer {
			return s.Do(t, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": "nobody@example.com", "password": "wrong one"},
				"X-Forwarded-For", "203.0.113.9")
		}
		login()
		login()
		if a := login(); a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" || a.Text("error_code") != "over_request_rate_limit" {
			t.Errorf("the sign-in's limit: %d %s", a.Status, a.Raw)
		}
	}, "TESSERA_API_RATE_LIMITS_REQUESTS=5/10m", "TESSERA_API_RATE_LIMITS_ACCOUNT=7/10m", "TESSERA_HTTP_TRUSTED_PROXIES=loopback",
		"TESSERA_AUTH_RATE_LIMITS_PASSWORD_ACCOUNT=2/10m")
}
