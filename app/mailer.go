package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tessera/job"
	"tessera/mail"
	"tessera/secret"
	"tessera/session"
)

// mailJob is the kind of job that sends one mail.
const mailJob = "mail.send"

// mailer queues mails in the transaction that wrote their links. Link and code
// are secrets, so the job's payload is sealed.
type mailer struct {
	jobs     *job.Runner
	key      secret.Key
	sender   *mail.Sender
	enabled  bool
	siteName string
	now      func() time.Time
}

// Send implements session.Mailer. Faults: mail.ErrNotConfigured, at once: who
// waits for a mail that nobody sends waits for long.
func (m *mailer) Send(ctx context.Context, letter session.Mail) error {
	if !m.enabled {
		return mail.ErrNotConfigured
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	payload, err := mail.Message{
		ID: id.String(), Kind: mail.Kind(letter.Kind), To: letter.To, Locale: letter.Locale, Link: letter.Link, Code: letter.Code,
		SiteName: m.siteName, NewEmail: letter.NewEmail, ValidFor: letter.ValidFor, ExpiresAt: m.now().Add(letter.ValidFor),
	}.Encode()
	if err != nil {
		return err
	}
	return m.jobs.Enqueue(ctx, job.Job{Kind: mailJob, Payload: m.key.Seal(mailJob, payload)})
}

// deliver is the job's handler.
func (m *mailer) deliver(ctx context.Context, task job.Task) error {
	payload, err := m.key.Open(mailJob, task.Payload)
	if err != nil {
		return job.Permanent(err)
	}
	err = m.sender.Deliver(ctx, payload)
	if err != nil && mail.Permanent(err) {
		return job.Permanent(err)
	}
	return err
}
