package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tessera/app/apptest"
)

// bad is one malformed request, and how it must be answered.
type bad struct {
	name   string
	method string
	path   string
	as     caller
	body   string
	header map[string]string

	status int
	code   string // "" = the surface gives no code there; "*" = any code
	names  string // what the message, or a field of the answer, must name; "" = no one field is at fault
}

// caller is whose token a request carries.
type caller string

const (
	nobody        caller = ""
	anonKey       caller = "anon key"
	serviceKey    caller = "service_role key"
	user          caller = "user"
	anonymousUser caller = "anonymous user"
	administrator caller = "administrator"
)

// patience is how long any malformed request may take: some hash a password
// first, on a machine where every test does. It only tells a hang.
const patience = time.Minute

// TestBadInput sends every malformed request to the whole server. Each must be
// answered 4xx, in the surface's own form, with a code, a message that names
// the field at fault, and a request id.
func TestBadInput(t *testing.T) {
	apptest.Each(t, func(t *testing.T, booted *apptest.Server) {
		s := bootForBadInput(t, booted)
		surfaces := map[string][]bad{
			"auth":    slices.Concat(badBodies(), badAuth(s), badBearers("GET", "/auth/v1/user", authBearerCodes)),
			"console": slices.Concat(badConsole(s), badBearers("GET", "/api/v1/me", consoleBearerCodes)),
			"outside": badOutside(),
		}
		total := 0
		for _, surface := range slices.Sorted(maps.Keys(surfaces)) {
			seen := map[string]bool{}
			for _, b := range surfaces[surface] {
				if seen[b.name] {
					t.Fatalf("two cases are named %s", b.name)
				}
				seen[b.name] = true
				total++
				t.Run(surface+"/"+b.name, func(t *testing.T) { s.try(t, b) })
			}
		}
		if total < 150 {
			t.Errorf("only %d malformed requests", total)
		}
		t.Logf("%d malformed requests", total)
	}, badInputSettings()...)
}

// badInputSettings take the limits away: they are tested elsewhere, and would
// answer for the rules that are tested here.
func badInputSettings() []string {
	settings := []string{"TESSERA_AUTH_AUTOCONFIRM=true"}
	for _, limit := range []string{"SIGNUP", "ANONYMOUS", "PASSWORD", "PASSWORD_ACCOUNT", "TOKEN", "MAIL", "VERIFY", "VERIFY_ACCOUNT", "USER_UPDATE"} {
		settings = append(settings, "TESSERA_AUTH_RATE_LIMITS_"+limit+"=100000/1m")
	}
	return settings
}

// badServer is the server under test and whom it knows.
type badServer struct {
	url    string
	tokens map[caller]string
	userID string // of user
	model  string // one that may be used
	client *http.Client
}

// bootForBadInput fills in whom the server knows.
func bootForBadInput(t *testing.T, booted *apptest.Server) *badServer {
	t.Helper()
	s := &badServer{url: booted.URL, tokens: map[caller]string{anonKey: booted.AnonKey, serviceKey: booted.ServiceRoleKey}, client: &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.userID, s.tokens[user] = s.signUp(t, "known@example.com", "correct-horse-9")
	s.signUp(t, "other@example.com", "correct-horse-9")
	_, s.tokens[anonymousUser] = s.signUp(t, "", "")
	_, s.tokens[administrator] = s.session(t, "/auth/v1/token?grant_type=password",
		fmt.Sprintf(`{"email":%q,"password":%q}`, booted.Admin.Email, booted.Admin.Password))
	s.model = s.firstModel(t)
	return s
}

// firstModel returns the name of a model that may be used.
func (s *badServer) firstModel(t *testing.T) string {
	t.Helper()
	resp, raw := s.send(t, bad{method: "GET", path: "/api/v1/llm/models", as: user})
	var models struct {
		Data []struct {
			Name string `json:"name"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &models); err != nil || len(models.Data) == 0 {
		t.Fatalf("the models: %d %s (%v)", resp.StatusCode, raw, err)
	}
	return models.Data[0].Name
}

// signUp makes a user; "" makes an anonymous one.
func (s *badServer) signUp(t *testing.T, email, password string) (id, accessToken string) {
	t.Helper()
	body := "{}"
	if email != "" {
		body = fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	}
	return s.session(t, "/auth/v1/signup", body)
}

// session makes a request that answers a session.
func (s *badServer) session(t *testing.T, path, body string) (id, accessToken string) {
	t.Helper()
	resp, raw := s.send(t, bad{method: "POST", path: path, body: body})
	var session struct {
		AccessToken string `json:"access_token"`
		User        struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := json.Unmarshal(raw, &session); err != nil || session.AccessToken == "" {
		t.Fatalf("POST %s: %d %s (%v)", path, resp.StatusCode, raw, err)
	}
	return session.User.ID, session.AccessToken
}

// answered is what came back, read to its end.
type answered struct {
	StatusCode int
	Header     http.Header
}

func (s *badServer) send(t *testing.T, b bad) (answered, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var body io.Reader
	if b.body != "" {
		body = strings.NewReader(b.body)
	}
	req, err := http.NewRequestWithContext(ctx, b.method, s.url+b.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if b.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Supabase-Api-Version", "2024-01-01")
	if b.as != nobody {
		req.Header.Set("Authorization", "Bearer "+s.tokens[b.as])
	}
	for name, value := range b.header {
		req.Header.Set(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", b.method, b.path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", b.method, b.path, err)
	}
	return answered{resp.StatusCode, resp.Header}, raw
}

// requestID is what we take and give as one: printable and short.
var requestID = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)

func (s *badServer) try(t *testing.T, b bad) {
	t.Helper()
	resp, raw := s.send(t, b)
	if resp.StatusCode != b.status || resp.StatusCode < 400 || resp.StatusCode > 499 {
		t.Fatalf("answered %d, want %d: %.300s", resp.StatusCode, b.status, raw)
	}
	id := resp.Header.Get("X-Request-Id")
	if !requestID.MatchString(id) {
		t.Errorf("request id %q", id)
	}
	if b.code == "" {
		return
	}
	a := readRefusal(t, raw)
	if a.Code == "" || a.Code != b.code && b.code != "*" {
		t.Errorf("code %q, want %q: %.300s", a.Code, b.code, raw)
	}
	if a.text() == "" {
		t.Errorf("no message: %s", raw)
	}
	if a.RequestID != "" && a.RequestID != id {
		t.Errorf("request id %q in the body, %q in the header", a.RequestID, id)
	}
	if isConsole := !strings.HasPrefix(b.path, "/auth/v1"); isConsole && a.RequestID == "" {
		t.Errorf("no request id in the body: %s", raw)
	}
	if b.names != "" && !a.names(b.names) {
		t.Errorf("nothing names %q: %.300s", b.names, raw)
	}
}

// refusal is an error body of either surface.
type refusal struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Errors    []refusedField `json:"errors"`
}

type refusedField struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func readRefusal(t *testing.T, raw []byte) refusal {
	t.Helper()
	var a refusal
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("not an error body: %.300s", raw)
	}
	return a
}

func (a refusal) text() string { return a.Message + a.Detail }

// names reports whether the answer names a field: in its list of fields where
// it has one, in its message otherwise.
func (a refusal) names(field string) bool {
	if a.Errors == nil {
		return strings.Contains(strings.ToLower(a.text()), strings.ToLower(field))
	}
	return slices.ContainsFunc(a.Errors, func(e refusedField) bool {
		return strings.HasSuffix(e.Field, field) && e.Message != ""
	})
}

// badBearers are the forms of Authorization that prove nothing. codes are what
// the surface answers, by kind.
func badBearers(method, path string, codes map[string]wireAnswer) []bad {
	forms := []struct{ kind, name, value string }{
		{"missing", "no bearer", ""},
		{"missing", "only the scheme", "Bearer"},
		{"missing", "an empty token", "Bearer   "},
		{"missing", "another scheme", "Basic dXNlcjpwYXNz"},
		{"missing", "a token without a scheme", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"},
		{"token", "a word", "Bearer garbage"},
		{"token", "two words", "Bearer garbage garbage"},
		{"token", "two dots and nothing", "Bearer .."},
		{"token", "four parts", "Bearer a.b.c.d"},
		{"token", "no base64", "Bearer !!!.???.***"},
		{"token", "parts that are not JSON", "Bearer YQ.YQ.YQ"},
		{"token", "a JSON array for a header", "Bearer W10.e30.AAAA"},
		{"token", "alg none", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
		{"token", "an unknown alg", "Bearer eyJhbGciOiJYUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA"},
		{"token", "a header that names a key by URL", "Bearer eyJhbGciOiJFUzI1NiIsImprdSI6Imh0dHA6Ly9ldmlsLmV4YW1wbGUubmV0LyJ9.eyJzdWIiOiJ4In0.AAAA"},
		{"token", "30 kB", "Bearer " + strings.Repeat("a", 30_000)},
	}
	var list []bad
	for _, f := range forms {
		b := bad{name: "bearer: " + f.name, method: method, path: path, status: codes[f.kind].status, code: codes[f.kind].code}
		if f.value != "" {
			b.header = map[string]string{"Authorization": f.value}
		}
		list = append(list, b)
	}
	return list
}

// wireAnswer is a status and a code.
type wireAnswer struct {
	status int
	code   string
}

// TestBadFraming sends what is no HTTP, or breaks off. net/http answers most of
// it by itself, so only the status is ours to judge.
func TestBadFraming(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	host := strings.TrimPrefix(s.URL, "http://")
	head := "POST /auth/v1/signup HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n"
	cases := map[string]string{
		"no HTTP at all":             "hello\r\n\r\n",
		"a version that is not":      "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
		"no Host":                    "GET /healthz HTTP/1.1\r\n\r\n",
		"two Hosts":                  "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"a space in a header's name": "GET /healthz HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n",
		"a NUL in a header":          "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Y: \x00\r\n\r\n",
		"100 kB of headers":          "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Y: " + strings.Repeat("a", 100_000) + "\r\n\r\n",
		"a negative length":          head + "Content-Length: -1\r\n\r\n{}",
		"a length of letters":        head + "Content-Length: abc\r\n\r\n{}",
		"two lengths":                head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"a body shorter than stated": head + "Content-Length: 100\r\n\r\n{\"email\":",
		"chunks that are none":       head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
		"chunks that break off":      head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}",
		"an unknown encoding":        head + "Transfer-Encoding: rot13\r\n\r\n{}",
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			if _, err := io.WriteString(conn, cases[name]); err != nil {
				t.Fatal(err)
			}
			_ = conn.(*net.TCPConn).CloseWrite() //nolint:errcheck // a TCP dial makes a TCP connection
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer resp.Body.Close()
			if is501 := name == "an unknown encoding" && resp.StatusCode == http.StatusNotImplemented; is501 {
				return // RFC 9112 6.1 asks for exactly that
			}
			if is505 := name == "a version that is not" && resp.StatusCode == http.StatusHTTPVersionNotSupported; is505 {
				return // RFC 9110 15.6.6
			}
			if resp.StatusCode < 400 || resp.StatusCode > 499 {
				body, _ := io.ReadAll(resp.Body)
				t.Errorf("answered %d: %.200s", resp.StatusCode, body)
			}
		})
	}
}

// withQuery is a path with one query parameter, encoded.
func withQuery(path, name, value string) string {
	return path + "?" + url.Values{name: {value}}.Encode()
}
