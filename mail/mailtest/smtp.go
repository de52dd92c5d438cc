package mailtest

import (
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// session is one SMTP conversation. It takes mail for everybody.
type session struct {
	box    *box
	faults *faultPlan
	now    func() time.Time
	done   <-chan struct{}

	from string
	to   []string
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	fault := s.faults.next()
	if fault.Delay > 0 {
		select {
		case <-time.After(fault.Delay):
		case <-s.done:
		}
	}
	if fault.SMTPStatus != 0 {
		return &smtp.SMTPError{
			Code: fault.SMTPStatus, EnhancedCode: smtp.EnhancedCode{fault.SMTPStatus / 100, 1, 1},
			Message: "simulated refusal of " + to,
		}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range s.to {
		s.box.add(Message{To: to, From: s.from, At: s.now().UTC(), Raw: string(raw)})
	}
	return nil
}

func newSMTPServer(b *box, faults *faultPlan, now func() time.Time, done <-chan struct{}) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{box: b, faults: faults, now: now, done: done}, nil
	}))
	server.Domain = "mail.simulator.invalid"
	server.MaxMessageBytes = maxMessageBytes
	server.MaxRecipients = 10
	server.ReadTimeout = time.Minute
	server.WriteTimeout = time.Minute
	server.EnableSMTPUTF8 = true
	return server
}
