package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/httpapi/console"
	"tessera/identity"
	"tessera/session/token"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var errTest = fault.Declare(fault.Conflict, "test.conflict", "A test.", "Nothing.")

type thingInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Name  string `json:"name" minLength:"2" maxLength:"10"`
		Count int    `json:"count,omitempty" maximum:"5"`
		Inner []struct {
			Role string `json:"role"`
		} `json:"inner,omitempty"`
	}
}

type thingOutput struct {
	Body struct {
		Name string `json:"name"`
	}
}

func serve(t *testing.T) http.Handler {
	t.Helper()
	users := map[string]identity.User{
		"admin": {ID: uuid.MustParse("01920000-0000-7000-8000-000000000001"), Email: "admin@example.com", IsAdmin: true},
		"user":  {ID: uuid.MustParse("01920000-0000-7000-8000-000000000002"), Email: "user@example.com"},
		"anon":  {ID: uuid.MustParse("01920000-0000-7000-8000-000000000003"), IsAnonymous: true},
	}
	api := console.New("test", func(_ context.Context, accessToken string) (console.Caller, error) {
		user, ok := users[accessToken]
		if !ok {
			return console.Caller{}, token.ErrExpired
		}
		return console.Caller{User: user, Claims: token.Claims{Subject: user.ID.String()}}, nil
	})
	console.AddMe(api)
	console.AddPublicConfig(api, func() console.PublicConfig { return console.PublicConfig{Mode: "embedded"} })
	console.AddAudit(api, auditLog{})
	console.Register(api, console.User, huma.Operation{OperationID: "put-thing", Method: "POST", Path: "/things/{id}"},
		func(_ context.Context, in *thingInput) (*thingOutput, error) {
			switch in.Body.Name {
			case "conflict":
				return nil, errTest.Because(errors.New("a cause"))
			case "stranger":
				return nil, errors.New("select * from secrets")
			case "later":
				return nil, httpapi.ErrRateLimited.After(90 * time.Second)
			case "panics":
				panic("a test")
			}
			out := &thingOutput{}
			out.Body.Name = in.Body.Name
			return out, nil
		})
	api.Handle(console.AnyUser, huma.Operation{OperationID: "raw", Method: "GET", Path: "/raw", Responses: map[string]*huma.Response{"200": {Description: "OK"}}},
		func(w http.ResponseWriter, r *http.Request) error {
			_, _ = w.Write([]byte(console.CallerFrom(r.Context()).User.ID.String()))
			return nil
		})
	root := chi.NewRouter()
	root.Use(httpapi.WithRequestID, httpapi.Observer{Log: slog.New(slog.DiscardHandler), Now: time.Now}.Middleware, httpapi.Body{Limit: 10 << 20, Timeout: time.Minute, Now: time.Now}.Middleware)
	root.Mount("/api/v1", api)
	return root
}

type auditLog struct{}

func (auditLog) AuditEntries(_ context.Context, _ uuid.UUID, limit int) ([]identity.Entry, error) {
	all := []identity.Entry{{ID: uuid.MustParse("01920000-0000-7000-8000-000000000009"), Action: identity.ActionLogin}, {}, {}}
	return all[:min(limit, len(all))], nil
}

const thing = "/api/v1/things/01920000-0000-7000-8000-000000000009"

func TestProblems(t *testing.T) {
	handler := serve(t)
	for _, tc := range []struct {
		name, method, path, bearer, body string
		status                           int
		code, field                      string
	}{
		{"good", "POST", thing, "user", `{"name":"fine"}`, 200, "", ""},
		{"good with a slash", "POST", thing + "/", "user", `{"name":"fine"}`, 200, "", ""},
		{"no token", "POST", thing, "", `{"name":"fine"}`, 401, "access.token_missing", ""},
		{"bad token", "POST", thing, "old", `{"name":"fine"}`, 401, "token.expired", ""},
		{"anonymous", "POST", thing, "anon", `{"name":"fine"}`, 403, "access.anonymous_not_allowed", ""},
		{"not an administrator", "GET", "/api/v1/admin/audit", "user", "", 403, "access.administrator_only", ""},
		{"administrator", "GET", "/api/v1/admin/audit", "admin", "", 200, "", ""},
		{"anonymous where allowed", "GET", "/api/v1/me/", "anon", "", 200, "", ""},
		{"raw, refused", "GET", "/api/v1/raw", "", "", 401, "access.token_missing", ""},
		{"raw", "GET", "/api/v1/raw", "anon", "", 200, "", ""},
		{"unknown path", "GET", "/api/v1/nowhere", "", "", 404, "request.route_not_found", ""},
		{"wrong method", "DELETE", "/api/v1/me", "user", "", 405, "request.method_not_allowed", ""},
		{"fault", "POST", thing, "user", `{"name":"conflict"}`, 409, "test.conflict", ""},
		{"stranger", "POST", thing, "user", `{"name":"stranger"}`, 500, "internal.unexpected", ""},
		{"panic", "POST", thing, "user", `{"name":"panics"}`, 500, "internal.panic", ""},
		{"later", "POST", thing, "user", `{"name":"later"}`, 429, "request.rate_limited", ""},
		{"missing field", "POST", thing, "user", `{}`, 422, "request.validation_failed", "name"},
		{"missing field inside", "POST", thing, "user", `{"name":"fine","inner":[{}]}`, 422, "request.validation_failed", "inner[0].role"},
		{"too short", "POST", thing, "user", `{"name":"x"}`, 422, "request.validation_failed", "name"},
		{"wrong type", "POST", thing, "user", `{"name":1}`, 422, "request.validation_failed", "name"},
		{"unknown field", "POST", thing, "user", `{"name":"fine","surname":1}`, 422, "request.validation_failed", "surname"},
		{"not JSON", "POST", thing, "user", `{"name"`, 400, "request.body_invalid", ""},
		{"a list", "POST", thing, "user", `[]`, 422, "request.validation_failed", "body"},
		{"empty", "POST", thing, "user", ``, 400, "request.body_empty", ""},
		{"NUL", "POST", thing, "user", `{"name":"a\u0000b"}`, 400, "request.text_invalid", "name"},
		{"NUL in the path", "GET", "/api/v1/%00", "user", ``, 400, "request.text_invalid", "path"},
		{"too large", "POST", thing, "user", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "request.body_too_large", ""},
		{"bad id", "POST", "/api/v1/things/7", "user", `{"name":"fine"}`, 422, "request.validation_failed", "path.id"},
		{"bad query", "GET", "/api/v1/admin/audit?limit=many", "admin", ``, 422, "request.validation_failed", "query.limit"},
		{"query out of range", "GET", "/api/v1/admin/audit?limit=1000", "admin", ``, 422, "request.validation_failed", "query.limit"},
		{"bad cursor", "GET", "/api/v1/admin/audit?before=x", "admin", ``, 422, "request.validation_failed", "query.before"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			r.Header.Set("Content-Type", "application/json")
			if tc.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+tc.bearer)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != tc.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tc.status, w.Body)
			}
			if tc.code == "" {
				return
			}
			var p console.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if p.Code != tc.code || p.Status != tc.status || p.RequestID != w.Header().Get("X-Request-Id") ||
				p.Title == "" || p.Detail == "" || p.Type == "" || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s", w.Header().Get("Content-Type"), w.Body)
			}
			if tc.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != tc.field) {
				t.Errorf("fields %v, want %s", p.Errors, tc.field)
			}
			if strings.Contains(w.Body.String(), "secrets") || strings.Contains(w.Body.String(), "a cause") {
				t.Errorf("a cause is shown: %s", w.Body)
			}
			if (w.Header().Get("Retry-After") == "90") != (tc.status == 429) {
				t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
			}
			if (w.Header().Get("Allow") == "GET") != (tc.status == 405) {
				t.Errorf("Allow %q", w.Header().Get("Allow"))
			}
			if (w.Header().Get("WWW-Authenticate") != "") != (tc.status == 401) {
				t.Errorf("WWW-Authenticate %q", w.Header().Get("WWW-Authenticate"))
			}
		})
	}
}

func TestContentType(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, thing, strings.NewReader("name=fine"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer user")
	w := httptest.NewRecorder()
	serve(t).ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType || !strings.Contains(w.Body.String(), "request.not_json") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestGoldenBodies(t *testing.T) {
	handler := serve(t)
	for name, r := range map[string]*http.Request{
		"problem.json": httptest.NewRequest(http.MethodPost, thing, strings.NewReader(`{"name":"x","more":1}`)),
		"me.json":      httptest.NewRequest(http.MethodGet, "/api/v1/me", nil),
		"audit.json":   httptest.NewRequest(http.MethodGet, "/api/v1/admin/audit?limit=1", nil),
		"public.json":  httptest.NewRequest(http.MethodGet, "/api/v1/public-config", nil),
	} {
		t.Run(name, func(t *testing.T) {
			r.Header.Set("Authorization", "Bearer admin")
			r.Header.Set("X-Request-Id", "golden")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, w.Body.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if w.Body.String() != string(want) {
				t.Errorf("got  %swant %s", w.Body, want)
			}
		})
	}
}

func TestOpenAPI(t *testing.T) {
	w := httptest.NewRecorder()
	serve(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil))
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Security  []any
			Responses map[string]struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || strings.Contains(w.Body.String(), "$schema") {
		t.Errorf("%s", w.Body.String()[:200])
	}
	if len(doc.Paths["/me"]["get"].Security) == 0 || len(doc.Paths["/public-config"]["get"].Security) != 0 {
		t.Error("the description does not say who may call what")
	}
	if _, ok := doc.Paths["/me"]["get"].Responses["default"].Content["application/problem+json"]; !ok {
		t.Errorf("errors of /me: %v", doc.Paths["/me"]["get"].Responses)
	}
	if _, ok := doc.Paths["/raw"]["get"]; !ok {
		t.Error("a raw operation is not described")
	}
}
