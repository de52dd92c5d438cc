package app_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tessera/app"
	"tessera/app/apptest"
	"tessera/provider/providertest"
	"tessera/store/storetest"
)

// childVariable tells this test binary to be a server that is to die. The
// program itself does not know it.
const childVariable = "CRASH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := beChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is what a child is told on its standard input.
type child struct {
	Settings  []string
	Failpoint string
}

// beChild serves until its input ends, or kills itself at the failpoint: no
// deferred call runs, no connection is closed, no transaction rolled back.
func beChild() error {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var c child
	if err := json.Unmarshal(line, &c); err != nil {
		return err
	}
	config, err := app.LoadConfig("", c.Settings)
	if err != nil {
		return err
	}
	a, err := app.Start(context.Background(), app.Options{
		Config: config, Log: app.NewLogger(io.Discard, config.Log), Now: time.Now,
		Failpoint: func(name string) {
			if name == c.Failpoint {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // until the signal is there
			}
		},
	})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = in.ReadString('\n')
	return a.Stop(context.Background())
}

// dieAt runs a server in a process of its own, which dies at a failpoint while
// it answers do.
func dieAt(t *testing.T, s *apptest.Server, failpoint string, do func()) {
	t.Helper()
	told, err := json.Marshal(child{Settings: s.Environment(), Failpoint: failpoint})
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), childVariable+"=1")
	var complaints bytes.Buffer
	process.Stderr = &complaints
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(append(told, '\n')); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child did not start: %q, %v: %s", line, err, complaints.String())
	}
	do()
	_ = process.Wait()
	if status, ok := process.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed at %s: %s %s", failpoint, process.ProcessState, complaints.String())
	}
}

// failpoints are those that the code has.
func failpoints(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../pendingauth/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\bs\.failpoint\("(\w+)"\)`).FindAllSubmatch(source, -1) {
			names = append(names, string(match[1]))
		}
	}
	if !slices.Contains(names, "claimed") || !slices.Contains(names, "committed") {
		t.Fatalf("failpoints: %v", names)
	}
	return names
}

// rows counts what a completion writes.
func rows(t *testing.T, databaseURL string) map[string]int {
	t.Helper()
	driver, source := "pgx", databaseURL
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	counts := map[string]int{}
	for name, query := range map[string]string{
		"accounts": "users", "identities": "auth_identities", "decisions": "identity_adoption_decisions",
		"grants": "source_grants", "sessions": "sessions", "refresh tokens": "refresh_tokens",
		"completed": "pending_auth_sessions WHERE consumed_at IS NOT NULL", "audit of sign-ins": "audit_entries WHERE action = 'login'",
	} {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[name] = n
	}
	return counts
}

func less(after, before map[string]int) map[string]int {
	gained := map[string]int{}
	for name, n := range after {
		if n != before[name] {
			gained[name] = n - before[name]
		}
	}
	return gained
}

// crashCase is one way to complete a sign-in that waits.
type crashCase struct {
	path   string
	proven func(b *browser, owner *member) // what comes before
	gains  map[string]int
}

var crashCases = map[string]crashCase{
	"a new account": {
		path:   "/api/v1/auth/pending/create",
		proven: func(*browser, *member) {},
		gains: map[string]int{
			"accounts": 1, "identities": 1, "decisions": 1, "grants": 1, "sessions": 1, "refresh tokens": 1, "completed": 1, "audit of sign-ins": 1,
		},
	},
	"bound to an account": {
		path: "/api/v1/auth/pending/bind",
		proven: func(b *browser, owner *member) {
			b.want(200, "POST", "/api/v1/auth/pending/proof", map[string]string{"email": owner.email, "password": memberPassword})
		},
		gains: map[string]int{
			"identities": 1, "decisions": 1, "grants": 1, "sessions": 1, "refresh tokens": 1, "completed": 1, "audit of sign-ins": 1,
		},
	},
}

// The process is killed at each named point of a completion. After the restart
// nothing of it has happened and the person can do it, or all of it has and the
// person signs in.
func TestCrashAtEachFailpointOfACompletion(t *testing.T) {
	for database, url := range storetest.URLs(t) {
		t.Run(database, func(t *testing.T) {
			s := apptest.Start(t, apptest.Options{DatabaseURL: url, Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_RATE_LIMITS_SIGNUP=off"}})
			grantAlways(t, s)
			person := 0
			for title, c := range crashCases {
				for _, failpoint := range failpoints(t) {
					person++
					t.Run(title+"/"+failpoint, func(inner *testing.T) {
						crash(inner, s, c, failpoint, fmt.Sprint(600000+person), func() { s.Restart(t) })
					})
				}
			}
		})
	}
}

func crash(t *testing.T, s *apptest.Server, c crashCase, failpoint, personID string, restart func()) {
	who := providertest.Choice{Else: &providertest.Person{ID: personID, Nickname: "Lin"}}
	owner, b := newMember(t, s), newBrowser(t, s)
	b.visit(toLogin, "linuxdo", who)
	c.proven(b, owner)
	before := rows(t, s.Options.DatabaseURL)

	s.StopToReturn(t)
	dieAt(t, s, failpoint, func() {
		if status := b.try("POST", c.path, map[string]bool{"adopt_nickname": true}); status != 0 {
			t.Errorf("the server answered %d before it died", status)
		}
	})
	found := less(rows(t, s.Options.DatabaseURL), before)
	restart() // lives longer than this case

	if failpoint == "committed" {
		if fmt.Sprint(found) != fmt.Sprint(c.gains) {
			t.Errorf("found %v, want all of it: %v", found, c.gains)
		}
		// The answer with the session was lost, and the sign-in that waited is
		// used up: the person starts again and is known.
		b.want(404, "POST", c.path, map[string]bool{})
		if r := b.visit(toLogin, "linuxdo", who); r.location.Path != "/home" {
			t.Errorf("signing in after all: %s", r.location)
		}
	} else {
		if len(found) != 0 {
			t.Errorf("found %v, want nothing", found)
		}
		b.want(200, "GET", "/api/v1/auth/pending", nil)
		b.want(200, "POST", c.path, map[string]bool{"adopt_nickname": true})
		if gained := less(rows(t, s.Options.DatabaseURL), before); fmt.Sprint(gained) != fmt.Sprint(c.gains) {
			t.Errorf("done after the restart: %v, want %v", gained, c.gains)
		}
	}
	user := b.refresh().body["user"].(map[string]any)
	if isOwners := user["id"] == owner.refresh().body["user"].(map[string]any)["id"]; isOwners != (c.gains["accounts"] == 0) {
		t.Errorf("signed in as %v", user)
	}
	b.want(404, "POST", c.path, map[string]bool{}) // once
	if gained := less(rows(t, s.Options.DatabaseURL), before); gained["accounts"] != c.gains["accounts"] || gained["identities"] != 1 ||
		gained["decisions"] != 1 || gained["grants"] != 1 || gained["completed"] != 1 {
		t.Errorf("in the end: %v", gained)
	}
}

// try is do for a call that may get no answer: then it is 0.
func (b *browser) try(method, path string, body any) int {
	b.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := b.request(method, path, bytes.NewReader(encoded))
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// grantAlways makes LinuxDo give credits for a sign-up and for a first bind.
func grantAlways(t *testing.T, s *apptest.Server) {
	t.Helper()
	admin := newBrowser(t, s)
	admin.want(200, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": s.Admin.Email, "password": s.Admin.Password})
	admin.refresh()
	policy := admin.want(200, "GET", "/api/v1/admin/policies/sources", nil)
	amount := map[string]int{"balance_micros": 1000, "concurrency": 0, "subscription_days": 0}
	policy.body["policy"] = map[string]any{"sources": map[string]any{"linuxdo": map[string]any{
		"email_required": false, "on_signup": amount, "on_first_bind": amount,
	}}}
	admin.want(200, "PUT", "/api/v1/admin/policies/sources", policy.body)
}
