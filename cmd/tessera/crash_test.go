package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tessera/store/storetest"
)

// demonstration is the real binary, run as `tessera demo`.
type demonstration struct {
	t       *testing.T
	binary  string
	addr    string
	data    string
	env     []string // settings of its own
	token   string
	process *exec.Cmd
}

// binary is the one that `make test` has built, or one of today's sources.
func binary(t *testing.T) string {
	t.Helper()
	if built := os.Getenv("TEST_BINARY"); built != "" {
		return built
	}
	path := filepath.Join(t.TempDir(), "tessera")
	if out, err := exec.Command("go", "build", "-tags", "noweb", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func newDemonstration(t *testing.T, env ...string) *demonstration {
	t.Helper()
	d := &demonstration{t: t, binary: binary(t), data: t.TempDir(), env: env}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = free.Addr().String()
	_ = free.Close()
	d.start()
	t.Cleanup(func() { d.end(syscall.SIGKILL) })
	return d
}

// start runs the binary and waits until it is ready.
func (d *demonstration) start() {
	d.t.Helper()
	d.process = exec.Command(d.binary, "demo", "--addr", d.addr, "--data", d.data)
	d.process.Env = append(os.Environ(), d.env...)
	var output bytes.Buffer
	d.process.Stdout, d.process.Stderr = &output, &output
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if d.ready() {
			return
		}
		if time.Now().After(end) {
			d.end(syscall.SIGKILL)
			d.t.Fatalf("not ready within a minute:\n%s", output.String())
		}
	}
}

func (d *demonstration) ready() bool {
	res, err := http.Get("http://" + d.addr + "/readyz")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	_, err = os.Stat(d.file())
	return err == nil && res.StatusCode == http.StatusOK
}

// file is where the demonstration writes what scripts must know.
func (d *demonstration) file() string { return filepath.Join(d.data, "demo.json") }

func (d *demonstration) end(signal syscall.Signal) {
	if d.process != nil {
		_ = d.process.Process.Signal(signal)
		_ = d.process.Wait()
		d.process = nil
	}
}

// call makes a request and decodes its JSON answer.
func (d *demonstration) call(method, path string, body any) map[string]any {
	d.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	res := d.open(context.Background(), method, path, bytes.NewReader(encoded), "")
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= http.StatusBadRequest {
		d.t.Fatalf("%s %s: %d %v, %v", method, path, res.StatusCode, out, err)
	}
	return out
}

func (d *demonstration) open(ctx context.Context, method, path string, body io.Reader, lastEventID string) *http.Response {
	d.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+d.addr+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	return res
}

func (d *demonstration) signIn() {
	d.t.Helper()
	raw, err := os.ReadFile(d.file())
	if err != nil {
		d.t.Fatal(err)
	}
	var file struct {
		Admin struct{ Email, Password string }
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		d.t.Fatal(err)
	}
	answer := d.call("POST", "/auth/v1/token?grant_type=password", map[string]string{"email": file.Admin.Email, "password": file.Admin.Password})
	d.token, _ = answer["access_token"].(string)
}

// sse is one whole event as it came over the wire.
type sse struct{ id, name, data string }

// events reads whole events until the body ends, or stop says so.
func events(body io.Reader, stop func(sse) bool) (all []sse) {
	scanner := bufio.NewScanner(body)
	var e sse
	for scanner.Scan() {
		field, value, _ := strings.Cut(scanner.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			if e.id != "" { // heartbeats have none
				all = append(all, e)
				if stop(e) {
					return all
				}
			}
			e = sse{}
		}
	}
	return all
}

func toTheEnd(sse) bool { return false }

// TestAKilledServerLosesNoEvent kills the process with SIGKILL in the middle of
// a reply, while a client reads it. After the restart the client comes back for
// the rest: together that is one log, without a gap or a repeat, with one
// terminal event.
func TestAKilledServerLosesNoEvent(t *testing.T) {
	for database, url := range storetest.URLs(t) {
		t.Run(database, func(t *testing.T) { killInMidStream(t, newDemonstration(t, "TESSERA_DATABASE_URL="+url)) })
	}
}

func killInMidStream(t *testing.T, d *demonstration) {
	d.signIn()
	created := d.call("POST", "/api/v1/messages", map[string]string{"model": "sim-small", "text": "[[fault:endless]]"})
	path := fmt.Sprintf("/api/v1/messages/%v/events?conversation_id=%v", created["message_id"], created["conversation_id"])

	res := d.open(t.Context(), "GET", path, nil, "")
	deltas := 0
	seen := events(res.Body, func(e sse) bool {
		if e.name == "content_delta" {
			deltas++
		}
		if deltas == 30 && d.process != nil {
			d.end(syscall.SIGKILL) // what is in the socket is still read
		}
		return false
	})
	_ = res.Body.Close()
	if deltas < 30 {
		t.Fatalf("the stream ended after %d deltas", deltas)
	}

	d.start()
	res = d.open(t.Context(), "GET", path, nil, seen[len(seen)-1].id)
	joined := append(seen, events(res.Body, toTheEnd)...)
	_ = res.Body.Close()
	res = d.open(t.Context(), "GET", path, nil, "")
	replay := events(res.Body, toTheEnd)
	_ = res.Body.Close()

	seq := 0
	for i, e := range joined {
		if e.id != fmt.Sprint(i+1) {
			t.Fatalf("event %d has id %s", i+1, e.id)
		}
		terminal := e.name == "error" || e.name == "completed"
		if terminal != (i == len(joined)-1) {
			t.Fatalf("event %d of %d is %s", i+1, len(joined), e.name)
		}
		if e.name == "content_delta" {
			seq++
			if !strings.Contains(e.data, fmt.Sprintf(`"seq":%d,`, seq)) {
				t.Fatalf("delta %d: %s", seq, e.data)
			}
		}
	}
	if last := joined[len(joined)-1]; !strings.Contains(last.data, `"code":"work_interrupted"`) {
		t.Errorf("last: %+v", last)
	}
	if fmt.Sprint(joined) != fmt.Sprint(replay) {
		t.Errorf("seen in two parts: %d events; replayed: %d", len(joined), len(replay))
	}
}
