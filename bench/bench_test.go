package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake answers like a server of GoTrue's and Tessera's APIs, at once. Its
// refresh tokens are good for one use.
func fake(t *testing.T, confirm bool) *httptest.Server {
	t.Helper()
	var refresh atomic.Int64
	var valid atomic.Value
	valid.Store("")
	sign := func(w http.ResponseWriter) {
		token := fmt.Sprint("refresh-", refresh.Add(1))
		valid.Store(token)
		_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "access", "refresh_token": token})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth/v1/signup", func(w http.ResponseWriter, _ *http.Request) {
		if confirm {
			fmt.Fprint(w, `{"id":"1"}`)
			return
		}
		sign(w)
	})
	mux.HandleFunc("POST /auth/v1/admin/users", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer service" {
			http.Error(w, "no", http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("POST /auth/v1/token", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			RefreshToken string `json:"refresh_token"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		if r.URL.Query().Get("grant_type") == "refresh_token" && body.RefreshToken != valid.Load() {
			http.Error(w, "used", http.StatusBadRequest)
			return
		}
		sign(w)
	})
	ok := func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "jwks") == (r.Header.Get("Authorization") == "Bearer access") {
			http.Error(w, "no", http.StatusUnauthorized)
		}
	}
	mux.HandleFunc("GET /auth/v1/user", ok)
	mux.HandleFunc("GET /auth/v1/.well-known/jwks.json", ok)
	mux.HandleFunc("GET /api/v1/me", ok)
	mux.HandleFunc("GET /api/v1/llm/app/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":[{"name":"one"},{"name":"two","default":true}]}`)
	})
	mux.HandleFunc("POST /api/v1/messages", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Model string }
		if _ = json.NewDecoder(r.Body).Decode(&body); body.Model != "two" {
			http.Error(w, "model", http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"message_id":"m","conversation_id":"c"}`)
	})
	mux.HandleFunc("GET /api/v1/messages/m/events", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "event: status\ndata: {}\n\nevent: content_delta\ndata: {}\n\n")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(30 * time.Millisecond)
		fmt.Fprint(w, "event: completed\ndata: {}\n\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestARunOverAllScenarios(t *testing.T) {
	server := fake(t, true)
	file := filepath.Join(t.TempDir(), "result.json")
	var out, progress strings.Builder
	args := []string{
		"-url", server.URL, "-service-role-key", "service", "-concurrency", "1", "-requests", "5", "-duration", "500ms",
		"-argon2id", "m=64,t=1,p=1", "-json", file, "-label", "fake",
	}
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(encoded, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != len(scenarios) || r.Hash.MemoryKiB != 64 {
		t.Fatalf("%d results for %d scenarios, hash %+v", len(r.Results), len(scenarios), r.Hash)
	}
	if share, ok := r.find("login", 1).hashShare(); !ok || share <= 0 {
		t.Errorf("the login's share of the hash: %v, %v", share, ok)
	}
	for _, res := range r.Results {
		if res.Requests != 5 || res.Errors != 0 || res.P50 <= 0 || res.P50 > res.P99 || res.P99 > res.Max || res.CPUSecondsEach == nil {
			t.Errorf("%s: %+v", res.Scenario, res)
		}
	}
	if first, done := r.find("message_first_delta", 1), r.find("message_completed", 1); done.P50-first.P50 < 15 {
		t.Errorf("the first delta came at %.1f ms and the end at %.1f ms: 30 ms lie between", first.P50, done.P50)
	}
	if !strings.Contains(out.String(), "of hash") {
		t.Errorf("no table:\n%s", out.String())
	}
	out.Reset()
	if err := run(t.Context(), []string{"compare", file, file}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1+len(scenarios) {
		t.Errorf("the comparison has %d lines:\n%s", lines, out.String())
	}
}

func TestFailuresFailTheRun(t *testing.T) {
	server := fake(t, false)
	var out, progress strings.Builder
	args := []string{
		"-url", server.URL, "-concurrency", "2", "-requests", "100", "-duration", "500ms", "-argon2id", "m=64,t=1,p=1", "-scenarios", "refresh,jwks",
	}
	// The fake knows one valid refresh token, so two users disturb each other.
	err := run(t.Context(), args, &out, &progress)
	if err == nil || !strings.Contains(err.Error(), "refresh at 2") || strings.Contains(err.Error(), "jwks") {
		t.Errorf("want the refresh named as failed, and jwks not: %v", err)
	}
}

func TestSignUpThatNeedsAConfirmationSaysWhatToDo(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), []string{"-url", fake(t, true).URL, "-duration", "100ms", "-argon2id", "m=64,t=1,p=1"}, &out, &out)
	if err == nil || !strings.Contains(err.Error(), "-service-role-key") {
		t.Errorf("got %v", err)
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-concurrency", "0"},
		{"-concurrency", "many"},
		{"-concurrency", "1000"},
		{"-duration", "1h"},
		{"-duration", "0s"},
		{"-requests", "0"},
		{"-scenarios", "dance"},
		{"-argon2id", "m=1"},
		{"-unknown"},
		{"left over"},
		{"compare", "one.json"},
	} {
		var out strings.Builder
		if err := run(t.Context(), args, &out, &out); err == nil {
			t.Errorf("%v should be refused", args)
		}
	}
}

func TestPercentiles(t *testing.T) {
	times := make([]time.Duration, 200)
	for i := range times {
		times[i] = time.Duration(i+1) * time.Millisecond
	}
	for p, want := range map[int]float64{50: 100, 95: 190, 99: 198, 100: 200} {
		if got := percentile(times, p); got != want {
			t.Errorf("p%d = %v, want %v", p, got, want)
		}
	}
	if got := percentile(times[:1], 50); got != 1 {
		t.Errorf("p50 of one = %v", got)
	}
}

func TestProcStat(t *testing.T) {
	got, err := parseStat("42 (a (weird) name) S 1 42 42 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 8 0 100 0 0")
	if err != nil || got != 4 {
		t.Errorf("got %v, %v; want 4 seconds", got, err)
	}
	if _, err := parseStat("nonsense"); err == nil {
		t.Error("nonsense should be an error")
	}
}

func TestFollow(t *testing.T) {
	for name, stream := range map[string]string{
		"an error at the end": "event: content_delta\n\nevent: error\n\n",
		"no end":              "event: content_delta\n\n",
		"nothing":             "",
		"no delta":            "event: completed\n\n",
	} {
		if _, err := follow(bufio.NewScanner(strings.NewReader(stream)), "content_delta", time.Now()); err == nil {
			t.Errorf("%s should be a failure", name)
		}
	}
}
