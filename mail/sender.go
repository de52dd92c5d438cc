package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SenderConfig is what a [Sender] needs.
type SenderConfig struct {
	Config
	RootCAs *x509.CertPool // whom to trust as the server; nil = the system's list
	Now     func() time.Time
	Log     *slog.Logger
}

// Sender hands messages to the SMTP server, one connection each. Safe for
// concurrent use.
type Sender struct {
	cfg  SenderConfig
	from mail.Address
}

// NewSender checks the settings. A sender whose settings name no server is
// made too: it answers every message with ErrNotConfigured. Fault: ErrConfig.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Sender{cfg: cfg}
	if cfg.Enabled() {
		from, err := mail.ParseAddress(cfg.From)
		if err != nil {
			return nil, ErrConfig.On("from", err.Error())
		}
		s.from = *from
	}
	return s, nil
}

// Deliver sends the message in payload (see [Message.Encode]); it is the
// handler of a mail job. When [Permanent] accepts the error, the job should
// give up; it has been logged then, without address, link or code.
func (s *Sender) Deliver(ctx context.Context, payload []byte) error {
	m, err := Decode(payload)
	if err == nil {
		err = s.Send(ctx, m)
	}
	if err != nil && Permanent(err) {
		s.cfg.Log.ErrorContext(ctx, "mail given up", "mail", m.String(), "error", err)
	}
	return err
}

// Send sends one message now. Faults: ErrMessage, ErrNotConfigured, ErrExpired,
// ErrRefused (the server said 5xx to this mail), ErrUnreachable (4xx, network,
// TLS or sign-in failures: these concern the server and not the mail).
func (s *Sender) Send(ctx context.Context, m Message) error {
	if !s.cfg.Enabled() {
		return ErrNotConfigured
	}
	if !m.ExpiresAt.IsZero() && !s.cfg.Now().Before(m.ExpiresAt) {
		return ErrExpired
	}
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.cfg.Host, s.options()...)
	if err != nil {
		return ErrConfig.Because(err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err != nil && msg.IsDelivered() {
		// The server took the mail and failed at saying goodbye. Sending
		// again would only make two of it.
		s.cfg.Log.WarnContext(ctx, "mail server closed badly after taking a mail", "mail", m.String(), "error", scrub(err, m))
		return nil
	}
	return outcome(err, m)
}

// outcome sorts what the server said into what we do about it.
func outcome(err error, m Message) error {
	if err == nil {
		return nil
	}
	var sendErr *gomail.SendError
	if errors.As(err, &sendErr) && sendErr.ErrorCode()/100 == 5 {
		return ErrRefused.With("smtp_status", sendErr.ErrorCode()).Because(scrub(err, m))
	}
	return ErrUnreachable.Because(scrub(err, m))
}

// scrub takes the address out of a server's answer, which goes to our logs.
func scrub(err error, m Message) error {
	return errors.New(strings.ReplaceAll(err.Error(), m.To, "(recipient)"))
}

// compose writes the headers and both bodies.
func (s *Sender) compose(m Message) (*gomail.Msg, error) {
	if m.Locale == "" {
		m.Locale = s.cfg.Locale
	}
	words, err := Render(m)
	if err != nil {
		return nil, err
	}
	from := s.from
	if from.Name == "" {
		from.Name = m.SiteName
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(from.String()); err != nil {
		return nil, ErrMessage.Because(err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, ErrMessage.Because(err)
	}
	msg.Subject(words.Subject)
	msg.SetDateWithValue(s.cfg.Now())
	msg.SetMessageIDWithValue(s.messageID(m))
	// RFC 3834: out-of-office robots stay quiet.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, words.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, words.HTML)
	return msg, nil
}

// messageID names the mail under the sender's domain: the library's default
// would tell the name of this machine.
func (s *Sender) messageID(m Message) string {
	id := m.ID
	if id == "" {
		id = rand.Text()
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return fmt.Sprintf("%s@%s", id, domain)
}

func (s *Sender) options() []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.cfg.Port),
		gomail.WithTimeout(s.cfg.Timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.cfg.Host, RootCAs: s.cfg.RootCAs, MinVersion: tls.VersionTLS12}),
	}
	switch s.cfg.TLS {
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case TLSImplicit:
		options = append(options, gomail.WithSSL())
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.cfg.User == "" {
		return options
	}
	auth := gomail.SMTPAuthAutoDiscover
	if s.cfg.TLS == TLSNone { // Validate let this through for loopback only
		auth = gomail.SMTPAuthPlainNoEnc
	}
	return append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.cfg.User), gomail.WithPassword(s.cfg.Password))
}
