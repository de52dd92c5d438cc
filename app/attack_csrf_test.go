package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"tessera/app/apptest"
	"tessera/httpapi"
	"tessera/httpapi/gotrue"
	"tessera/provider/providertest"
)

// route is a way into the server.
type route struct{ method, path string }

// foreign are requests that browsers send, with our cookies or without, on
// behalf of pages that are not ours.
func foreign(s *apptest.Server) map[string][]string {
	own, _ := url.Parse(s.URL)
	asOurs := func(headers ...string) []string { return append([]string{httpapi.SessionHeader, "cookie"}, headers...) }
	return map[string][]string{
		"a form":                        {"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example"},
		"a form without an origin":      {"Content-Type", "text/plain"},
		"a script of another site":      asOurs("Origin", "https://evil.example"),
		"a script, by fetch metadata":   asOurs("Sec-Fetch-Site", "cross-site"),
		"a page on another port":        asOurs("Origin", "http://"+own.Hostname()+":1", "Sec-Fetch-Site", "same-site"),
		"another port, no metadata":     asOurs("Origin", "http://"+own.Hostname()+":1"),
		"a sandboxed frame":             asOurs("Origin", "null"),
		"an origin with a name before":  asOurs("Origin", "http://"+own.Host+"@evil.example"),
		"an origin with more behind":    asOurs("Origin", s.URL+".evil.example"),
		"a subdomain":                   asOurs("Origin", "http://evil."+own.Host),
		"another value of the header":   {httpapi.SessionHeader, "Cookie "},
		"the header of another library": {"X-Requested-With", "XMLHttpRequest"},
	}
}

// send makes a request with a browser's cookies, or without any.
func (b *browser) send(r route, body string, withCookies bool, headers []string) (status int, text string, cookies []*http.Cookie) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), r.method, b.server.URL+r.path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: b.client.CheckRedirect, Timeout: b.client.Timeout}
	if withCookies {
		client.Jar = b.client.Jar
	}
	resp, err := client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(raw), resp.Cookies()
}

// gotrueRoutes are all of /auth/v1, from the router itself.
func gotrueRoutes(t *testing.T) []route {
	t.Helper()
	router := chi.NewRouter()
	(&gotrue.Surface{}).Mount(router)
	var all []route
	err := chi.Walk(router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		path = regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "0b4fdbb5-1d62-47ed-945a-0dae02ca43f1")
		all = append(all, route{method, path})
		return nil
	})
	if err != nil || len(all) < 25 {
		t.Fatalf("%d routes, %v", len(all), err)
	}
	return all
}

// consoleOperations are all of /api/v1, from its own description; takesCookie
// says which of them read one.
func consoleOperations(t *testing.T, s *apptest.Server) (all []route, takesCookie map[route]bool) {
	t.Helper()
	var spec struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ In, Name string }
		}
	}
	if err := json.Unmarshal([]byte(s.Must(t, 200, "GET", "/api/v1/openapi.json", nil).Raw), &spec); err != nil {
		t.Fatal(err)
	}
	takesCookie = map[route]bool{}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			path := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "0b4fdbb5-1d62-47ed-945a-0dae02ca43f1")
			r := route{strings.ToUpper(method), "/api/v1" + path}
			all = append(all, r)
			for _, p := range op.Parameters {
				takesCookie[r] = takesCookie[r] || p.In == "cookie"
			}
		}
	}
	if len(all) < 15 || len(takesCookie) < 10 {
		t.Fatalf("%d operations, %d with parameters", len(all), len(takesCookie))
	}
	return all, takesCookie
}

// volatile is what differs from answer to answer.
var volatile = regexp.MustCompile(`"(?:request_id|instance|server_time|timestamp)":"[^"]*"|request_id=[\w-]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}`)

// Every route, from the router and from the description, asked by pages that
// are not ours with cookies of a signed-in person and without any: the cookies
// must make no difference. A new route is in the table by being a route.
func TestAttackCSRF(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{Settings: []string{
		"TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_API_RATE_LIMITS_REQUESTS=off", "TESSERA_API_RATE_LIMITS_ACCOUNT=off",
		"TESSERA_AUTH_RATE_LIMITS_SIGNUP=off", "TESSERA_AUTH_RATE_LIMITS_ANONYMOUS=off", "TESSERA_AUTH_RATE_LIMITS_PASSWORD=off",
		"TESSERA_AUTH_RATE_LIMITS_TOKEN=off", "TESSERA_AUTH_RATE_LIMITS_MAIL=off", "TESSERA_AUTH_RATE_LIMITS_VERIFY=off",
		"TESSERA_AUTH_RATE_LIMITS_AUTHORIZE=off", "TESSERA_AUTH_RATE_LIMITS_USER_UPDATE=off",
	}})
	victim := newMember(t, s)
	victim.visit(toLogin, "linuxdo", providertest.Choice{})
	operations, takesCookie := consoleOperations(t, s)
	for _, r := range slices.Concat(gotrueRoutes(t), operations, []route{{"POST", "/auth/v1/token?grant_type=refresh_token"}, {"POST", "/auth/v1/logout?scope=local"}}) {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			for name, headers := range foreign(s) {
				status, text, cookies := victim.send(r, "{}", true, headers)
				bareStatus, bareText, _ := victim.send(r, "{}", false, headers)
				isOther := status != bareStatus || status >= 400 && volatile.ReplaceAllString(text, "") != volatile.ReplaceAllString(bareText, "")
				if isOther {
					t.Errorf("%s: %d %s with cookies, %d %s without", name, status, text, bareStatus, bareText)
				}
				if slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == httpapi.RefreshCookie && c.Value != "" }) {
					t.Errorf("%s: signed in", name)
				}
				if takesCookie[r] && (status != http.StatusForbidden || !strings.Contains(text, "access.own_pages_only")) {
					if status != http.StatusUnauthorized { // it needs a token besides, which no browser adds
						t.Errorf("%s: a cookie is read: %d %s", name, status, text)
					}
				}
			}
		})
	}
	t.Run("and the victim is as before", func(t *testing.T) {
		victim.refresh()
		victim.hasOnly("email")
		victim.want(200, "GET", "/api/v1/auth/pending", nil)
	})
}

// A script of another origin may not even ask whether it could send the header
// that our own pages send.
func TestAttackCrossOriginPermission(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	for _, path := range []string{"/auth/v1/token?grant_type=refresh_token", "/auth/v1/logout", "/api/v1/auth/flows", "/api/v1/auth/pending/bind", "/api/v1/me"} {
		t.Run(path, func(t *testing.T) {
			a := s.Do(t, "OPTIONS", path, nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST",
				"Access-Control-Request-Headers", "content-type,"+strings.ToLower(httpapi.SessionHeader))
			if allowed := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers")); strings.Contains(allowed, strings.ToLower(httpapi.SessionHeader)) || allowed == "*" {
				t.Errorf("the header is allowed: %s", allowed)
			}
			if a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("cookies of other origins are allowed")
			}
		})
	}
}

// No cookie is in reach of scripts, and none that signs in goes along from
// other sites.
func TestAttackCookieAttributes(t *testing.T) {
	t.Parallel()
	for name, external := range map[string]string{"http": "http://id.example", "https": "https://id.example"} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(external)
			if err != nil {
				t.Fatal(err)
			}
			c := httpapi.Cookies{ExternalURL: u}
			for _, cookie := range []*http.Cookie{c.Refresh("x"), c.Pending("x"), c.Browser("x")} {
				isNavigated := cookie.Name == httpapi.BrowserCookie // the way back from a provider is one
				if !cookie.HttpOnly || cookie.Domain != "" || cookie.Secure != (u.Scheme == "https") ||
					(cookie.SameSite != http.SameSiteStrictMode) != isNavigated {
					t.Errorf("%s: %s", cookie.Name, cookie)
				}
			}
		})
	}
}
