package mailtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) *Mailbox {
	t.Helper()
	box, err := Start(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return box
}

const body = "Subject: =?utf-8?q?=E9=87=8D=E7=BD=AE?=\r\nFrom: Site <no-reply@example.com>\r\nTo: %s\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Press http://127.0.0.1:9/auth/confirm?token_hash=3Dabc=\r\n-d\r\n\r\n    482913\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
	"PGhlYWQ+PC9oZWFkPjxzY3JpcHQ+eDwvc2NyaXB0PkhpCg==\r\n--b--\r\n"

func send(t *testing.T, box *Mailbox, to string) error {
	t.Helper()
	return smtp.SendMail(box.SMTPAddr(), nil, "no-reply@example.com", []string{to}, fmt.Appendf(nil, body, to))
}

// ask makes a request and returns what was answered, and the body.
func ask(t *testing.T, method, url string, headers map[string]string, requestBody string) (answer, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(requestBody))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{StatusCode: resp.StatusCode, Header: resp.Header}, string(content)
}

type answer struct {
	StatusCode int
	Header     http.Header
}

func TestInboxForScripts(t *testing.T) {
	box := start(t)
	for _, to := range []string{"ada@example.com", "bob@example.com", "Ada@Example.com"} {
		if err := send(t, box, to); err != nil {
			t.Fatal(err)
		}
	}
	_, content := ask(t, "GET", box.URL()+"/?to=ada@example.com", nil, "")
	var items []struct{ To, Raw string }
	if err := json.Unmarshal([]byte(content), &items); err != nil {
		t.Fatalf("%v in %s", err, content)
	}
	if len(items) != 2 || items[0].To != "Ada@Example.com" || items[1].To != "ada@example.com" || !strings.Contains(items[0].Raw, "Subject: ") {
		t.Fatalf("got %+v", items)
	}
	if _, content := ask(t, "GET", box.URL()+"/?to=nobody@example.com", nil, ""); content != "[]\n" {
		t.Errorf("an empty inbox is %q", content)
	}
	letter, err := box.Messages("bob@example.com")[0].Read()
	if err != nil {
		t.Fatal(err)
	}
	if letter.Subject != "重置" || letter.Code != "482913" || len(letter.Links) != 1 || letter.Links[0] != "http://127.0.0.1:9/auth/confirm?token_hash=abc-d" {
		t.Errorf("read %+v", letter)
	}
}

func TestInboxForPeople(t *testing.T) {
	box := start(t)
	browser := map[string]string{"Accept": "text/html,*/*", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
	if _, page := ask(t, "GET", box.URL()+"/", browser, ""); !strings.Contains(page, "模拟器") || !strings.Contains(page, "还没有邮件") {
		t.Errorf("the empty inbox in Chinese: %s", page)
	}
	if err := send(t, box, "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	browser["Accept-Language"] = "de, en;q=0.7"
	resp, page := ask(t, "GET", box.URL()+"/", browser, "")
	if !strings.Contains(page, "simulated mailbox") || !strings.Contains(page, "重置") || !strings.Contains(page, `href="/messages/1"`) {
		t.Errorf("the inbox: %s", page)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	_, page = ask(t, "GET", box.URL()+"/messages/1", browser, "")
	if !strings.Contains(page, `href="http://127.0.0.1:9/auth/confirm?token_hash=abc-d"`) || !strings.Contains(page, ">482913</output>") {
		t.Errorf("the mail's page: %s", page)
	}
	if strings.Contains(page, "<script>x") || !strings.Contains(page, "sandbox=") {
		t.Error("the mail's own HTML is on the page itself")
	}
	resp, page = ask(t, "GET", box.URL()+"/messages/1/html", browser, "")
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox allow-popups") || strings.Contains(policy, "script-src") {
		t.Errorf("policy of the frame %q", policy)
	}
	if !strings.Contains(page, `<head><base target="_blank"></head>`) {
		t.Errorf("the frame: %s", page)
	}
	if resp, _ := ask(t, "GET", box.URL()+"/messages/77", browser, ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("no such mail: %d", resp.StatusCode)
	}
}

func TestFaultsOnDemand(t *testing.T) {
	box := start(t)
	resp, content := ask(t, "PUT", box.URL()+"/faults", nil, `{"smtp_status":451,"count":1}`)
	if resp.StatusCode != http.StatusOK || !strings.Contains(content, `"smtp_status":451`) {
		t.Fatalf("%d %s", resp.StatusCode, content)
	}
	if err := send(t, box, "ada@example.com"); err == nil || !strings.HasPrefix(err.Error(), "451") {
		t.Errorf("got %v", err)
	}
	if err := send(t, box, "ada@example.com"); err != nil {
		t.Errorf("the second mail: %v", err)
	}
	for _, bad := range []string{`{"smtp_status":200}`, `{"delay_ms":99999999999999999}`, `{"delay_ms":-5}`, `{"count":-1}`, `{"status":550}`, `{`} {
		if resp, content := ask(t, "PUT", box.URL()+"/faults", nil, bad); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, resp.StatusCode, content)
		}
	}
}

func TestStrangersAreRefused(t *testing.T) {
	box := start(t)
	if resp, _ := ask(t, "GET", box.URL()+"/", map[string]string{"Host": "evil.example.net"}, ""); resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host name: %d", resp.StatusCode)
	}
	if resp, _ := ask(t, "POST", box.URL()+"/clear", map[string]string{"Origin": "https://evil.example.net"}, ""); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", resp.StatusCode)
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "127.0.0.1"} {
		if box, err := Start(t.Context(), addr, "127.0.0.1:0"); err == nil {
			box.Close()
			t.Errorf("%s was listened on", addr)
		}
	}
}

func TestTheBoxIsBounded(t *testing.T) {
	b := newBox()
	for range maxMessages + 5 {
		b.add(Message{To: "x", Raw: "y"})
	}
	found, _ := b.list("")
	if len(found) != maxMessages || found[0].ID != maxMessages+5 {
		t.Errorf("%d mails, newest %d", len(found), found[0].ID)
	}
	big := strings.Repeat("z", maxTotalBytes/4)
	for range 9 {
		b.add(Message{To: "x", Raw: big})
	}
	if found, _ := b.list(""); len(found) != 4 || b.bytes > maxTotalBytes {
		t.Errorf("%d mails, %d bytes", len(found), b.bytes)
	}
	b.clear()
	if found, _ := b.list(""); len(found) != 0 || b.bytes != 0 {
		t.Errorf("%d mails, %d bytes after clear", len(found), b.bytes)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	box := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := box.Wait(ctx, "ada@example.com", 1); err == nil {
		t.Error("waited for nothing, and got it")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(fmt.Sprintf(body, "ada@example.com"))
	f.Add("Subject: x\r\n\r\nhello")
	f.Fuzz(func(t *testing.T, raw string) {
		letter, err := Message{Raw: raw}.Read()
		if err != nil {
			return
		}
		for _, link := range letter.Links {
			if !strings.HasPrefix(link, "http") {
				t.Errorf("link %q", link)
			}
		}
	})
}
