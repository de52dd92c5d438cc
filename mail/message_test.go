package mail

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tessera/fault"
)

func sample(kind Kind) Message {
	m := Message{
		Kind: kind, To: "ada@example.com", SiteName: "Tessera", Code: "482913", ValidFor: time.Hour,
		Link: "https://id.example.com/auth/confirm?token_hash=abc-DEF_123&type=" + string(kind) + "&next=/",
	}
	switch kind {
	case KindEmailChangeCurrent:
		m.NewEmail = "ada@new.example.com"
	case KindReauthentication:
		m.Link = ""
	}
	return m
}

func TestValidateNamesTheField(t *testing.T) {
	cases := []struct {
		name, field string
		change      func(*Message)
	}{
		{"unknown kind", "kind", func(m *Message) { m.Kind = "newsletter" }},
		{"no recipient", "to", func(m *Message) { m.To = "" }},
		{"second header in the recipient", "to", func(m *Message) { m.To = "a@example.com\r\nBcc: b@example.com" }},
		{"bare line feed in the recipient", "to", func(m *Message) { m.To = "a@example.com\nBcc: b@example.com" }},
		{"two recipients", "to", func(m *Message) { m.To = "a@example.com, b@example.com" }},
		{"recipient with a name", "to", func(m *Message) { m.To = "Ada <a@example.com>" }},
		{"recipient of 300 bytes", "to", func(m *Message) { m.To = strings.Repeat("a", 300) + "@example.com" }},
		{"second header in the site's name", "site_name", func(m *Message) { m.SiteName = "Site\r\nBcc: b@example.com" }},
		{"NUL in the site's name", "site_name", func(m *Message) { m.SiteName = "Si\x00te" }},
		{"line separator in the site's name", "site_name", func(m *Message) { m.SiteName = "Si\u2028te" }},
		{"no site name", "site_name", func(m *Message) { m.SiteName = "" }},
		{"script as a link", "link", func(m *Message) { m.Link = "javascript:alert(1)" }},
		{"relative link", "link", func(m *Message) { m.Link = "/auth/confirm" }},
		{"neither link nor code", "link", func(m *Message) { m.Link, m.Code = "", "" }},
		{"letters as a code", "code", func(m *Message) { m.Code = "abcdef" }},
		{"short code", "code", func(m *Message) { m.Code = "12345" }},
		{"no validity", "valid_for", func(m *Message) { m.ValidFor = 0 }},
		{"angle bracket in the id", "id", func(m *Message) { m.ID = "x>\r\nBcc" }},
		{"bad new address", "new_email", func(m *Message) { m.NewEmail = "x\r\ny@example.com" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := sample(KindSignup)
			c.change(&m)
			err := m.Validate()
			if !errors.Is(err, ErrMessage) || !Permanent(err) {
				t.Fatalf("got %v, want a permanent ErrMessage", err)
			}
			if fields := fieldsOf(err); len(fields) != 1 || fields[0] != c.field {
				t.Errorf("named %v, want %s", fields, c.field)
			}
			if _, err := m.Encode(); !errors.Is(err, ErrMessage) {
				t.Errorf("Encode took it: %v", err)
			}
			if _, err := Render(m); !errors.Is(err, ErrMessage) {
				t.Errorf("Render took it: %v", err)
			}
		})
	}
}

func TestEncodeDecode(t *testing.T) {
	m := sample(KindRecovery)
	m.ExpiresAt = time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	payload, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(payload)
	if err != nil || got != m {
		t.Fatalf("got %#v, %v", got, err)
	}
	if _, err := Decode([]byte(`{"kind":`)); !errors.Is(err, ErrMessage) {
		t.Errorf("broken payload: %v", err)
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	m := sample(KindRecovery)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "mail", m)
	printed := log.String() + fmt.Sprintf("%v %+v %#v %s", m, m, m, m)
	for _, secret := range []string{m.Code, m.Link, "token_hash", "ada@"} {
		if strings.Contains(printed, secret) {
			t.Errorf("%q is printed: %s", secret, printed)
		}
	}
}

func TestValidityNeverPromisesMore(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 10*time.Minute + 59*time.Second: "10 minutes", time.Hour: "1 hour",
		90 * time.Minute: "90 minutes", 24 * time.Hour: "24 hours", 48 * time.Hour: "2 days", 7 * 24 * time.Hour: "7 days",
	} {
		if got := durationInEnglish(d); got != want {
			t.Errorf("%s reads %q, want %q", d, got, want)
		}
	}
	if got := durationInChinese(time.Hour); got != "1 小时" {
		t.Errorf("got %q", got)
	}
}

func TestConfigNamesTheSetting(t *testing.T) {
	good := DefaultConfig()
	good.Host, good.From = "smtp.example.com", "Site <no-reply@example.com>"
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("no mail at all is a valid choice: %v", err)
	}
	cases := map[string]func(*Config){
		"host":    func(c *Config) { c.Host = "smtp://smtp.example.com" },
		"port":    func(c *Config) { c.Port = 0 },
		"from":    func(c *Config) { c.From = "no-reply@example.com\r\nBcc: x@example.com" },
		"timeout": func(c *Config) { c.Timeout = 0 },
		"tls":     func(c *Config) { c.TLS, c.User = TLSNone, "mailer" },
		"user":    func(c *Config) { c.Password = "x" },
	}
	for field, change := range cases {
		c := good
		change(&c)
		if got := fieldsOf(c.Validate()); len(got) != 1 || got[0] != field {
			t.Errorf("%s: named %v", field, got)
		}
	}
	local := good
	local.Host, local.TLS, local.User, local.Password = "127.0.0.1", TLSNone, "mailer", "x"
	if err := local.Validate(); err != nil {
		t.Errorf("a password to loopback: %v", err)
	}
}

func fieldsOf(err error) []string {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return nil
	}
	names := make([]string, len(f.Fields))
	for i, field := range f.Fields {
		names[i] = field.Name
	}
	return names
}
