package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// Answer is an HTTP answer, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Raw    string
	Body   map[string]any // nil when it is not a JSON object
}

// Text returns a string member of the body, "" when there is none.
func (a Answer) Text(key string) string {
	s, _ := a.Body[key].(string)
	return s
}

// Do sends a request. body is encoded as JSON, nil sends none; headers are
// pairs of name and value.
func (s *Server) Do(t *testing.T, method, path string, body any, headers ...string) Answer {
	t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Raw: string(raw)}
	_ = json.Unmarshal(raw, &a.Body) // what is no object stays raw
	return a
}

// Must is Do that fails the test for any other status.
func (s *Server) Must(t *testing.T, status int, method, path string, body any, headers ...string) Answer {
	t.Helper()
	a := s.Do(t, method, path, body, headers...)
	if a.Status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.Status, status, a.Raw)
	}
	return a
}

// SignIn signs in with a password and returns the answer with its tokens.
func (s *Server) SignIn(t *testing.T, login Login) Answer {
	t.Helper()
	return s.Must(t, http.StatusOK, http.MethodPost, "/auth/v1/token?grant_type=password",
		map[string]string{"email": login.Email, "password": login.Password})
}

// Bearer is the header of a signed-in request, for Do.
func Bearer(accessToken string) []string { return []string{"Authorization", "Bearer " + accessToken} }
