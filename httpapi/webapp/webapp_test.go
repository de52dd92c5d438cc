package webapp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"tessera/httpapi/webapp"
)

func app(t *testing.T, connectTo ...string) *webapp.Handler {
	t.Helper()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	h, err := webapp.New(webapp.Config{
		Dist: fstest.MapFS{
			"index.html":         file("<!doctype html><title>the whole page, plain</title>"),
			"index.html.br":      file("br page"),
			"index.html.gz":      file("gzip page"),
			"assets/app-1a2b.js": file("let everything = 1"), "assets/app-1a2b.js.br": file("br js"),
			"favicon.svg": file("<svg/>"),
		},
		ConnectTo: connectTo,
		NotFound:  http.NotFoundHandler(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPaths(t *testing.T) {
	h := app(t)
	for path, want := range map[string]struct {
		status int
		body   string
		cache  string
	}{
		"/":                      {200, "<!doctype", "no-cache"},
		"/auth/sign-in":          {200, "<!doctype", "no-cache"},
		"/ai/jwt":                {200, "<!doctype", "no-cache"},
		"/apis":                  {200, "<!doctype", "no-cache"},
		"/index.html":            {200, "<!doctype", "no-cache"},
		"/favicon.svg":           {200, "<svg/>", "no-cache"},
		"/assets/app-1a2b.js":    {200, "let everything", "public, max-age=31536000, immutable"},
		"/assets/app-old.js":     {404, "404", ""},
		"/assets/../index.html":  {200, "<!doctype", "no-cache"},
		"/missing.png":           {404, "404", ""},
		"/api/v2/things":         {404, "404", ""},
		"/api":                   {404, "404", ""},
		"/auth/v1/nowhere":       {404, "404", ""},
		"/v1/chat":               {404, "404", ""},
		"/index.html.br":         {404, "404", ""},
		"/../../../etc/passwd":   {200, "<!doctype", "no-cache"},
		"/assets/%2e%2e/secret.": {404, "404", ""},
	} {
		w := get(h, path)
		if w.Code != want.status || !strings.HasPrefix(w.Body.String(), want.body) || w.Header().Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d %q cache %q", path, w.Code, w.Body, w.Header().Get("Cache-Control"))
		}
	}
}

func TestEncodings(t *testing.T) {
	h := app(t)
	for accept, want := range map[string]string{
		"":                             "",
		"gzip, deflate, br":            "br",
		"gzip":                         "gzip",
		"br;q=0, gzip":                 "gzip",
		"br;q=0, gzip;q=0":             "",
		"*":                            "br",
		"*;q=0, identity":              "",
		"identity":                     "",
		"BR":                           "br",
		"gzip;q=0.1, br;q=0.0, *;q=0.": "gzip",
	} {
		w := get(h, "/", "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding"); w.Code != 200 || got != want || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %d %q, want %q", accept, w.Code, got, want)
		}
	}
	if w := get(h, "/", "Accept-Encoding", "identity;q=0, zstd"); w.Code != http.StatusNotAcceptable {
		t.Errorf("nothing acceptable: %d", w.Code)
	}
}

func TestEntityTags(t *testing.T) {
	h := app(t)
	plain, packed := get(h, "/").Header().Get("ETag"), get(h, "/", "Accept-Encoding", "br").Header().Get("ETag")
	if plain == packed || !strings.HasPrefix(plain, `"`) {
		t.Fatalf("etags %s and %s", plain, packed)
	}
	for _, match := range []string{plain, `"other", ` + plain, "W/" + plain, "*"} {
		if w := get(h, "/", "If-None-Match", match); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("%s: %d", match, w.Code)
		}
	}
	if w := get(h, "/", "If-None-Match", packed); w.Code != 200 {
		t.Errorf("another variant's tag: %d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	w := get(app(t, "https://project.supabase.co"), "/")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"script-src 'self';", "connect-src 'self' https://project.supabase.co;", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src 'self' '") {
		t.Errorf("policy is too wide: %s", policy)
	}
	for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"} {
		if w.Header().Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
}

func TestMethods(t *testing.T) {
	h := app(t)
	r := httptest.NewRequest(http.MethodHead, "/", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/auth/sign-in", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestNotBuilt(t *testing.T) {
	h, err := webapp.New(webapp.Config{NotFound: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	if w := get(h, "/"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(h, "/api/v9"); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}
