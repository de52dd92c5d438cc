package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tessera/app"
	"tessera/provider/providertest"
)

type demoFile struct {
	URL            string
	AnonKey        string `json:"anon_key"`
	ServiceRoleKey string `json:"service_role_key"`
	Admin          struct{ Email, Password string }
	Simulators     map[string]string
}

// runDemo runs the demo until the test's function returns.
func runDemo(t *testing.T, dir string, use func(f demoFile, printed string), settings ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs safeBuffer
	ended := make(chan error, 1)
	go func() {
		c := app.Command{Environ: settings, Out: &out, Err: &errs}
		ended <- c.Demo(ctx, app.DemoOptions{Addr: "127.0.0.1:0", Data: dir})
	}()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(out.String(), "Ctrl-C") {
		select {
		case err := <-ended:
			t.Fatalf("the demo ended: %v\n%s", err, errs.String())
		case <-deadline:
			t.Fatalf("the demo does not start:\n%s%s", out.String(), errs.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	path := filepath.Join(dir, "demo.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f demoFile
	if err := json.Unmarshal(content, &f); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("demo.json: %v %v", info.Mode(), err)
	}
	use(f, out.String())
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the demo's end: %v", err)
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func signIn(t *testing.T, f demoFile) int {
	t.Helper()
	body, err := json.Marshal(map[string]string{"email": f.Admin.Email, "password": f.Admin.Password})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(f.URL+"/auth/v1/token?grant_type=password", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first demoFile
	runDemo(t, dir, func(f demoFile, printed string) {
		first = f
		for _, want := range []string{f.URL, f.Admin.Email, f.Admin.Password, f.Simulators["mail"]} {
			if want == "" || !strings.Contains(printed, want) {
				t.Errorf("%q is not printed:\n%s", want, printed)
			}
		}
		for _, kind := range providertest.Kinds() {
			if resp, err := http.Get(f.Simulators[string(kind)]); err != nil || resp.Header.Get("X-Simulator") != string(kind) {
				t.Errorf("simulators.%s = %q: %v", kind, f.Simulators[string(kind)], err)
			} else {
				_ = resp.Body.Close()
			}
		}
		if status := signIn(t, f); status != http.StatusOK {
			t.Errorf("the administrator's sign-in: %d", status)
		}
		signUp(t, f, "new@example.com")
		if mails := inbox(t, f, "new@example.com"); len(mails) != 1 || !strings.Contains(mails[0].Raw, "Subject:") {
			t.Errorf("mails: %v", mails)
		}
	})
	runDemo(t, dir, func(f demoFile, _ string) {
		if f.Admin != first.Admin {
			t.Error("a restart changed the administrator's password")
		}
		if status := signIn(t, f); status != http.StatusOK {
			t.Errorf("the sign-in after a restart: %d", status)
		}
		signUp(t, f, "other@example.com")
		if mails := inbox(t, f, "other@example.com"); len(mails) != 0 {
			t.Errorf("a mail in spite of autoconfirm: %v", mails)
		}
	}, "TESSERA_AUTH_AUTOCONFIRM=true")
	if err := os.Remove(filepath.Join(dir, "demo.json")); err != nil {
		t.Fatal(err)
	}
	runDemo(t, dir, func(f demoFile, _ string) {
		if f.Admin.Password == first.Admin.Password {
			t.Error("the lost password came back")
		}
		if status := signIn(t, f); status != http.StatusOK {
			t.Errorf("the sign-in with the new password: %d", status)
		}
	})
}

func signUp(t *testing.T, f demoFile, email string) {
	t.Helper()
	resp, err := http.Post(f.URL+"/auth/v1/signup", "application/json", strings.NewReader(`{"email":"`+email+`","password":"a long password"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("sign-up: %d", resp.StatusCode)
	}
}

type mailView struct{ To, Raw string }

// inbox asks as a script does, and gives the mail three seconds to come.
func inbox(t *testing.T, f demoFile, to string) (mails []mailView) {
	t.Helper()
	for range 30 {
		resp, err := http.Get(f.Simulators["mail"] + "/?to=" + to)
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(resp.Body).Decode(&mails)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(mails) > 0 {
			return mails
		}
		time.Sleep(100 * time.Millisecond)
	}
	return mails
}

func TestDemoOnABusyPort(t *testing.T) {
	t.Parallel()
	runDemo(t, t.TempDir(), func(f demoFile, _ string) {
		var out bytes.Buffer
		c := app.Command{Out: &out, Err: &out}
		addr := strings.TrimPrefix(f.URL, "http://")
		err := c.Demo(t.Context(), app.DemoOptions{Addr: addr, Data: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), addr+" is in use by another program") {
			t.Errorf("got %v", err)
		}
	})
}
