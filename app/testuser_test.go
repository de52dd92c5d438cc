package app_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tessera/app/apptest"
	"tessera/testuser/supabasetest"
)

const createTestUser = "/api/v1/llm/tests/create-mail-user"

// admin returns the header of the seeded administrator.
func admin(t *testing.T, s *apptest.Server) []string {
	t.Helper()
	return apptest.Bearer(s.SignIn(t, s.Admin).Text("access_token"))
}

// The one-click button, from end to end against this very server: a real
// account, a password that works, a token that every route takes.
func TestTestUserOfThisServer(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		as := admin(t, s)
		made := s.Must(t, http.StatusOK, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test"},
			append(as, "X-Request-Id", "my-request")...)
		if made.Text("username") != "gymbro-test-01" || made.Text("email") != "gymbro-test-01@mailbox.tessera.example" ||
			made.Body["reused"] != false || made.Text("request_id") != "my-request" || made.Header.Get("X-Request-Id") != "my-request" {
			t.Errorf("%s", made.Raw)
		}
		access := made.Text("access_token")
		me := s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(access)...)
		if me.Text("email") != made.Text("email") || me.Body["is_admin"] != false || me.Body["is_anonymous"] != false || me.Text("issuer") != s.URL+"/auth/v1" {
			t.Errorf("%s", me.Raw)
		}
		s.SignIn(t, apptest.Login{Email: made.Text("email"), Password: made.Text("password")})
		s.Must(t, http.StatusOK, http.MethodPost, "/auth/v1/token?grant_type=refresh_token", map[string]string{"refresh_token": made.Text("refresh_token")})
		s.Must(t, http.StatusForbidden, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test"}, apptest.Bearer(access)...)

		verdict := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/auth/inspect-token", map[string]any{"token": access}, as...)
		if checks, _ := verdict.Body["checks"].([]any); verdict.Body["valid"] != true || len(checks) != 7 || verdict.Text("alg") != "ES256" {
			t.Errorf("%s", verdict.Raw)
		}
		keys := s.Must(t, http.StatusOK, http.MethodGet, "/auth/v1/.well-known/jwks.json", nil)
		if !strings.Contains(keys.Raw, verdict.Text("kid")) {
			t.Errorf("kid %s is not in %s", verdict.Text("kid"), keys.Raw)
		}

		again := s.Must(t, http.StatusOK, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test-01"}, as...)
		if again.Body["reused"] != true || again.Text("email") != made.Text("email") || again.Text("password") == made.Text("password") {
			t.Errorf("%s", again.Raw)
		}
		second := s.Must(t, http.StatusOK, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test", "force_new": true}, as...)
		if second.Text("username") != "gymbro-test-02" {
			t.Errorf("%s", second.Raw)
		}
		list := s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/llm/tests/mail-users", nil, as...)
		rows, _ := list.Body["data"].([]any)
		if len(rows) != 2 {
			t.Fatalf("%s", list.Raw)
		}
		row, _ := rows[0].(map[string]any)
		id, _ := row["id"].(string)
		fresh := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/llm/tests/mail-users/"+id+"/refresh", nil, as...)
		if fresh.Text("username") != "gymbro-test-01" {
			t.Errorf("%s", fresh.Raw)
		}
		s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(fresh.Text("access_token"))...)

		anonymous := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/llm/tests/anon-token", nil, as...)
		guest := s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(anonymous.Text("access_token"))...)
		if guest.Body["is_anonymous"] != true {
			t.Errorf("%s", guest.Raw)
		}
		auditedAndSilent(t, s, as, made, again, second, fresh, anonymous)
	})
}

// auditedAndSilent checks the audit log's entries, and that no log or audit
// line holds a secret that was handed out.
func auditedAndSilent(t *testing.T, s *apptest.Server, as []string, answers ...apptest.Answer) {
	t.Helper()
	audit := s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/admin/audit?limit=200", nil, as...)
	if got := strings.Count(audit.Raw, `"action":"test_user"`); got != len(answers)+1 {
		t.Errorf("%d audit entries of test users, want %d", got, len(answers)+1)
	}
	for _, a := range answers {
		for _, name := range []string{"password", "access_token", "refresh_token"} {
			secret := a.Text(name)
			if secret != "" && (strings.Contains(s.Logs.String(), secret) || strings.Contains(audit.Raw, secret)) {
				t.Errorf("a %s stands in a log", name)
			}
		}
	}
}

// Calls that race make one user, and everyone's token is taken.
func TestTestUserCallsThatRace(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		as := admin(t, s)
		answers := make([]apptest.Answer, 6)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() {
				answers[i] = s.Do(t, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test"}, as...)
			})
		}
		wg.Wait()
		var fresh []string
		for _, a := range answers {
			if a.Status != http.StatusOK || a.Text("username") != "gymbro-test-01" {
				t.Errorf("%d %s", a.Status, a.Raw)
				continue
			}
			if a.Body["reused"] == false {
				fresh = append(fresh, a.Text("username"))
			}
			s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(a.Text("access_token"))...)
		}
		if len(fresh) != 1 {
			t.Errorf("%d calls say that they made the user", len(fresh))
		}
		users := s.Must(t, http.StatusOK, http.MethodGet, "/auth/v1/admin/users", nil, apptest.Bearer(s.ServiceRoleKey)...)
		if got := users.Header.Get("X-Total-Count"); got != "2" { // the administrator and the test user
			t.Errorf("%s accounts", got)
		}
	})
}

// supabaseMode returns the settings that make a simulated project the place
// where pages sign in.
func supabaseMode(p *supabasetest.Server) []string {
	return []string{
		"TESSERA_AUTH_MODE=supabase", "TESSERA_SUPABASE_URL=" + p.ProjectURL() + "/", // as people paste it
		"TESSERA_SUPABASE_ANON_KEY=" + p.AnonKey, "TESSERA_SUPABASE_SERVICE_ROLE_KEY=" + p.ServiceRoleKey,
		"TESSERA_TEST_USERS_MAIL_API_URL=",
	}
}

// The same button where accounts live in a Supabase project.
func TestTestUserOfASupabaseProject(t *testing.T) {
	project := supabasetest.NewServer(time.Now)
	t.Cleanup(project.Close)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		as := admin(t, s)
		made := s.Must(t, http.StatusOK, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test", "force_new": true}, as...)
		if !slices.Contains(project.Emails(), made.Text("email")) || !strings.HasSuffix(made.Text("email"), "@test.tessera.example") {
			t.Errorf("%s is not among the project's %v", made.Text("email"), project.Emails())
		}
		me := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/auth/sync-user", nil, apptest.Bearer(made.Text("access_token"))...)
		if me.Text("issuer") != project.Name() || me.Text("email") != made.Text("email") {
			t.Errorf("%s", me.Raw)
		}
		verdict := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/auth/inspect-token", map[string]any{"token": made.Text("access_token")}, as...)
		if verdict.Body["valid"] != true || verdict.Text("issuer") != project.Name() {
			t.Errorf("%s", verdict.Raw)
		}
		anonymous := s.Must(t, http.StatusOK, http.MethodPost, "/api/v1/llm/tests/anon-token", nil, as...)
		guest := s.Must(t, http.StatusOK, http.MethodGet, "/api/v1/me", nil, apptest.Bearer(anonymous.Text("access_token"))...)
		if guest.Body["is_anonymous"] != true {
			t.Errorf("%s", guest.Raw)
		}
	}, append(supabaseMode(project), "TESSERA_TEST_USERS_PREFIXES=gymbro-test")...)
}

func TestTestUsersSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	project := supabasetest.NewServer(time.Now)
	t.Cleanup(project.Close)
	for name, c := range map[string]struct {
		settings []string
		status   int
		code     string
	}{
		"no service role key":    {append(supabaseMode(project), "TESSERA_SUPABASE_SERVICE_ROLE_KEY="), 424, "testuser.service_role_key_missing"},
		"the wrong key":          {append(supabaseMode(project), "TESSERA_SUPABASE_SERVICE_ROLE_KEY="+project.AnonKey), 424, "testuser.service_role_key_refused"},
		"no mail key":            {[]string{"TESSERA_TEST_USERS_MAIL_API_KEY="}, 422, "testuser.mail_key_missing"},
		"a mail key not taken":   {[]string{"TESSERA_TEST_USERS_MAIL_API_KEY=wrong"}, 424, "testuser.mail_key_refused"},
		"off":                    {[]string{"TESSERA_TEST_USERS_ENABLED=off"}, 403, "testuser.disabled"},
		"another prefix allowed": {[]string{"TESSERA_TEST_USERS_PREFIXES=load"}, 422, "testuser.prefix_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Start(t, apptest.Options{Settings: c.settings})
			a := s.Must(t, c.status, http.MethodPost, createTestUser, map[string]any{"username_prefix": "gymbro-test"}, admin(t, s)...)
			if a.Text("code") != c.code || a.Text("hint") == "" || a.Text("request_id") != a.Header.Get("X-Request-Id") {
				t.Errorf("%s", a.Raw)
			}
		})
	}
}
