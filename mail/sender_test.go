package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"tessera/mail"
	"tessera/mail/mailtest"
)

var now = func() time.Time { return time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC) }

func message() mail.Message {
	return mail.Message{
		Kind: mail.KindSignup, To: "ada@example.com", Locale: "zh-CN", SiteName: "Tessera 试用", Code: "482913",
		Link: "https://id.example.com/auth/confirm?token_hash=abc&type=signup", ValidFor: time.Hour,
	}
}

func mailbox(t *testing.T) *mailtest.Mailbox {
	t.Helper()
	box, err := mailtest.Start(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return box
}

func sender(t *testing.T, addr string, change func(*mail.SenderConfig)) (*mail.Sender, *bytes.Buffer) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	cfg := mail.SenderConfig{Config: mail.DefaultConfig(), Now: now, Log: slog.New(slog.NewJSONHandler(log, nil))}
	cfg.Host, cfg.TLS, cfg.From = host, mail.TLSNone, "no-reply@example.com"
	cfg.Port, _ = strconv.Atoi(port)
	if change != nil {
		change(&cfg)
	}
	s, err := mail.NewSender(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s, log
}

func TestSendArrives(t *testing.T) {
	box := mailbox(t)
	s, _ := sender(t, box.SMTPAddr(), nil)
	m := message()
	m.ID = "job-17"
	payload, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Deliver(t.Context(), payload); err != nil {
		t.Fatal(err)
	}
	arrived, err := box.Wait(t.Context(), m.To, 1)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := arrived.Read()
	if err != nil {
		t.Fatal(err)
	}
	if letter.Subject != "请确认您在 Tessera 试用 的邮箱地址" || letter.From != `"Tessera 试用" <no-reply@example.com>` && letter.From != `Tessera 试用 <no-reply@example.com>` {
		t.Errorf("subject %q, from %q", letter.Subject, letter.From)
	}
	if letter.Code != m.Code || len(letter.Links) != 1 || letter.Links[0] != m.Link || !strings.Contains(letter.HTML, "确认邮箱") {
		t.Errorf("code %q, links %v", letter.Code, letter.Links)
	}
	for _, header := range []string{"Message-ID: <job-17@example.com>", "Date: Thu, 04 Mar 2027 05:06:07 +0000", "Auto-Submitted: auto-generated"} {
		if !strings.Contains(arrived.Raw, header+"\r\n") {
			t.Errorf("no header %q in\n%s", header, arrived.Raw)
		}
	}
}

func TestWhatTheServerSaysDecides(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		fault     mailtest.Faults
		want      error
		permanent bool
	}{
		{"refused for good", mailtest.Faults{SMTPStatus: 550}, mail.ErrRefused, true},
		{"refused for now", mailtest.Faults{SMTPStatus: 451}, mail.ErrUnreachable, false},
		{"too slow", mailtest.Faults{Delay: 5 * time.Second}, mail.ErrUnreachable, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			box := mailbox(t)
			if err := box.Misbehave(c.fault); err != nil {
				t.Fatal(err)
			}
			s, log := sender(t, box.SMTPAddr(), func(cfg *mail.SenderConfig) { cfg.Timeout = time.Second })
			payload, err := message().Encode()
			if err != nil {
				t.Fatal(err)
			}
			err = s.Deliver(t.Context(), payload)
			if !errors.Is(err, c.want) || mail.Permanent(err) != c.permanent {
				t.Fatalf("got %v (permanent %t)", err, mail.Permanent(err))
			}
			if gaveUp := strings.Contains(log.String(), "mail given up"); gaveUp != c.permanent {
				t.Errorf("log: %s", log)
			}
			for _, secret := range []string{"ada@", "482913", "token_hash"} {
				if strings.Contains(log.String()+err.Error(), secret) {
					t.Errorf("%q is in %s / %v", secret, log, err)
				}
			}
			if got := box.Messages(""); len(got) != 0 {
				t.Errorf("%d mails arrived", len(got))
			}
		})
	}
}

func TestRefusalForNowIsOverLater(t *testing.T) {
	box := mailbox(t)
	if err := box.Misbehave(mailtest.Faults{SMTPStatus: 451, Count: 1}); err != nil {
		t.Fatal(err)
	}
	s, _ := sender(t, box.SMTPAddr(), nil)
	if err := s.Send(t.Context(), message()); !errors.Is(err, mail.ErrUnreachable) {
		t.Fatalf("first: %v", err)
	}
	if err := s.Send(t.Context(), message()); err != nil {
		t.Fatalf("second: %v", err)
	}
}

func TestNoServer(t *testing.T) {
	box := mailbox(t)
	addr := box.SMTPAddr()
	box.Close()
	s, _ := sender(t, addr, nil)
	if err := s.Send(t.Context(), message()); !errors.Is(err, mail.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	none, err := mail.NewSender(mail.SenderConfig{Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Send(t.Context(), message()); !errors.Is(err, mail.ErrNotConfigured) {
		t.Errorf("got %v", err)
	}
}

func TestStaleMailIsNotSent(t *testing.T) {
	box := mailbox(t)
	s, _ := sender(t, box.SMTPAddr(), nil)
	m := message()
	m.ExpiresAt = now()
	if err := s.Send(t.Context(), m); !errors.Is(err, mail.ErrExpired) || !mail.Permanent(err) {
		t.Errorf("got %v", err)
	}
}

// The password reaches a server only behind TLS that was checked.
func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	for _, mode := range []string{mail.TLSStartTLS, mail.TLSImplicit} {
		t.Run(mode, func(t *testing.T) {
			server := &tlsServer{}
			addr := server.start(t, cert, mode == mail.TLSImplicit)
			trusting, _ := sender(t, addr, func(cfg *mail.SenderConfig) {
				cfg.TLS, cfg.RootCAs, cfg.User, cfg.Password = mode, pool, "mailer", "open-sesame"
			})
			if err := trusting.Send(t.Context(), message()); err != nil || server.mails != 1 || server.password != "open-sesame" {
				t.Fatalf("%v, %d mails, password %q", err, server.mails, server.password)
			}
			server.password = ""
			wary, _ := sender(t, addr, func(cfg *mail.SenderConfig) {
				cfg.TLS, cfg.User, cfg.Password = mode, "mailer", "open-sesame"
			})
			if err := wary.Send(t.Context(), message()); !errors.Is(err, mail.ErrUnreachable) || server.password != "" {
				t.Errorf("an unknown authority: %v, password %q", err, server.password)
			}
		})
	}
}

func TestStartTLSIsNeverOptional(t *testing.T) {
	box := mailbox(t) // offers no STARTTLS
	s, _ := sender(t, box.SMTPAddr(), func(cfg *mail.SenderConfig) { cfg.TLS = mail.TLSStartTLS })
	if err := s.Send(t.Context(), message()); !errors.Is(err, mail.ErrUnreachable) || len(box.Messages("")) != 0 {
		t.Errorf("got %v and %d mails", err, len(box.Messages("")))
	}
}

// tlsServer is an SMTP server that wants TLS and a password.
type tlsServer struct {
	mails    int
	password string
}

func (s *tlsServer) start(t *testing.T, cert tls.Certificate, implicit bool) string {
	t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &tlsSession{s}, nil }))
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.ErrorLog = quiet{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); _ = listener.Close(); <-done })
	return addr
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type tlsSession struct{ server *tlsServer }

func (s *tlsSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *tlsSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		s.server.password = password
		return nil
	}), nil
}
func (s *tlsSession) Reset()                               {}
func (s *tlsSession) Logout() error                        { return nil }
func (s *tlsSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *tlsSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *tlsSession) Data(r io.Reader) error {
	s.server.mails++
	_, err := io.Copy(io.Discard, r)
	return err
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestContextEndsAnAttempt(t *testing.T) {
	box := mailbox(t)
	s, _ := sender(t, box.SMTPAddr(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Send(ctx, message()); !errors.Is(err, mail.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}
