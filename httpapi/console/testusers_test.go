package console_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/httpapi"
	"tessera/httpapi/console"
	"tessera/identity"
	"tessera/session/token"
	"tessera/store/storetest"
	"tessera/testuser"
	"tessera/testuser/supabasetest"
)

// consoleServer returns the surface behind its middleware, with what add adds,
// for the bearers "admin", "user" and "anon".
func consoleServer(t *testing.T, add func(*console.API)) http.Handler {
	t.Helper()
	users := map[string]identity.User{
		"admin": {ID: uuid.New(), Email: "admin@example.com", IsAdmin: true},
		"user":  {ID: uuid.New(), Email: "user@example.com"},
		"anon":  {ID: uuid.New(), IsAnonymous: true},
	}
	api := console.New("test", func(_ context.Context, accessToken string) (console.Caller, error) {
		user, known := users[accessToken]
		if !known {
			return console.Caller{}, token.ErrExpired
		}
		return console.Caller{User: user}, nil
	})
	add(api)
	root := chi.NewRouter()
	root.Use(httpapi.WithRequestID, httpapi.Observer{Log: slog.New(slog.DiscardHandler), Now: time.Now}.Middleware, httpapi.Body{Limit: 10 << 20, Timeout: time.Minute, Now: time.Now}.Middleware)
	root.Mount("/api/v1", api)
	return root
}

// call sends a request and returns status, header and the decoded body.
func call(t *testing.T, handler http.Handler, method, path, bearer, body string) (int, http.Header, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("X-Request-Id", "the-request")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %d %s: %v", method, path, w.Code, w.Body, err)
	}
	return w.Code, w.Header(), answer
}

func testUserServer(t *testing.T) (http.Handler, *supabasetest.Server, *testuser.Service) {
	t.Helper()
	project := supabasetest.NewServer(time.Now)
	t.Cleanup(project.Close)
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Trusted: []token.IssuerConfig{token.SupabaseIssuer(project.ProjectURL(), "")}, Now: time.Now, HTTP: project.HTTP.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	users := &testuser.Service{
		Config: testuser.Config{Prefixes: []string{"gymbro-test"}, MailDomain: "test.tessera.example"}, IsOn: true,
		Store: storetest.SQLite(t).TestUsers(), Now: time.Now,
		Auth: testuser.NewAuthServer(testuser.AuthServerConfig{
			URL: project.Name(), AnonKey: project.AnonKey, ServiceRoleKey: project.ServiceRoleKey, Now: time.Now,
			Transport: project.HTTP.Client().Transport,
		}),
		Accept: func(ctx context.Context, raw string) (testuser.Accepted, error) {
			claims, err := verifier.Verify(ctx, raw)
			return testuser.Accepted{Subject: claims.Subject}, err
		},
		Limit: func(context.Context, string) error { return nil },
		Audit: func(context.Context, testuser.Call) error { return nil },
	}
	return consoleServer(t, func(a *console.API) { console.AddTestUsers(a, users) }), project, users
}

func TestTestUserRoutes(t *testing.T) {
	handler, _, _ := testUserServer(t)
	status, header, created := call(t, handler, "POST", "/llm/tests/create-mail-user", "admin", `{"username_prefix":"gymbro-test"}`)
	if status != http.StatusOK || header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %v", status, header, created)
	}
	if created["username"] != "gymbro-test-01" || created["email"] != "gymbro-test-01@test.tessera.example" ||
		created["token_type"] != "bearer" || created["reused"] != false || created["request_id"] != "the-request" ||
		created["password"] == "" || created["access_token"] == "" || created["refresh_token"] == "" {
		t.Errorf("%v", created)
	}
	if len(created) != 9 {
		t.Errorf("%d members: %v", len(created), created)
	}
	if at, ok := created["expires_at"].(float64); !ok || time.Until(time.Unix(int64(at), 0)) < 50*time.Minute {
		t.Errorf("expires_at %v", created["expires_at"])
	}
	// What older pages send: nulls for what is not set, a slash at the end.
	_, _, again := call(t, handler, "POST", "/llm/tests/create-mail-user/", "admin", `{"username_prefix":"gymbro-test-01","mail_api_key":null,"force_new":null}`)
	if again["reused"] != true || again["username"] != "gymbro-test-01" {
		t.Errorf("%v", again)
	}
	_, _, list := call(t, handler, "GET", "/llm/tests/mail-users", "admin", "")
	rows, _ := list["data"].([]any)
	if len(rows) != 1 {
		t.Fatalf("%v", list)
	}
	row, _ := rows[0].(map[string]any)
	if row["username"] != "gymbro-test-01" || row["last_used_at"] == nil || row["created_at"] == nil || len(row) != 5 {
		t.Errorf("%v", row)
	}
	id, _ := row["id"].(string)
	status, _, fresh := call(t, handler, "POST", "/llm/tests/mail-users/"+id+"/refresh", "admin", "")
	if status != http.StatusOK || fresh["username"] != "gymbro-test-01" || fresh["password"] == again["password"] {
		t.Errorf("%d %v", status, fresh)
	}
	status, _, anon := call(t, handler, "POST", "/llm/tests/anon-token", "admin", "")
	if status != http.StatusOK || anon["access_token"] == "" || anon["username"] != "" || anon["reused"] != false {
		t.Errorf("%d %v", status, anon)
	}
}

func TestTestUserRefusals(t *testing.T) {
	handler, project, users := testUserServer(t)
	const createPath, id = "/llm/tests/create-mail-user", "01920000-0000-7000-8000-000000000009"
	for _, route := range []struct{ method, path, body string }{
		{"POST", createPath, `{"username_prefix":"gymbro-test"}`},
		{"GET", "/llm/tests/mail-users", ""},
		{"POST", "/llm/tests/mail-users/" + id + "/refresh", ""},
		{"POST", "/llm/tests/anon-token", ""},
	} {
		for bearer, want := range map[string]int{"user": 403, "anon": 403, "nobody": 401} {
			if status, _, answer := call(t, handler, route.method, route.path, bearer, route.body); status != want {
				t.Errorf("%s %s as %s: %d %v", route.method, route.path, bearer, status, answer)
			}
		}
	}
	for _, c := range []struct {
		path, body string
		status     int
		code, says string
	}{
		{createPath, `{"username_prefix":"root"}`, 422, "testuser.prefix_not_allowed", "not allowed"},
		{createPath, `{}`, 422, "request.validation_failed", "username_prefix"},
		{createPath, `{"username_prefix":5}`, 422, "request.validation_failed", "username_prefix"},
		{createPath, `{"username_prefix":"gymbro-test","extra":1}`, 422, "request.validation_failed", "extra"},
		{"/llm/tests/mail-users/" + id + "/refresh", ``, 404, "testuser.not_found", "no such"},
		{"/llm/tests/mail-users/7/refresh", ``, 422, "request.validation_failed", "id"},
	} {
		status, _, answer := call(t, handler, "POST", c.path, "admin", c.body)
		detail, _ := answer["detail"].(string)
		if status != c.status || answer["code"] != c.code || !strings.Contains(detail, c.says) || answer["request_id"] != "the-request" {
			t.Errorf("%s %s: %d %v", c.path, c.body, status, answer)
		}
	}
	project.Fail(func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"code":"weak_password","message":"Password is too weak"}`))
	})
	status, _, answer := call(t, handler, "POST", createPath, "admin", `{"username_prefix":"gymbro-test"}`)
	if detail, _ := answer["detail"].(string); status != http.StatusFailedDependency || answer["code"] != "testuser.auth_server_refused" ||
		!strings.Contains(detail, "Password is too weak") || answer["hint"] == "" {
		t.Errorf("%d %v", status, answer)
	}
	users.IsOn = false
	status, _, answer = call(t, handler, "POST", createPath, "admin", `{"username_prefix":"gymbro-test"}`)
	if status != http.StatusForbidden || answer["code"] != "testuser.disabled" {
		t.Errorf("%d %v", status, answer)
	}
}
