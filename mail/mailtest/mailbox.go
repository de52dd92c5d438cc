package mailtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Mailbox is a running simulator.
type Mailbox struct {
	box    *box
	faults *faultPlan

	smtpAddr, httpAddr string
	smtp               *smtp.Server
	listeners          []net.Listener
	http               *http.Server
	done               chan struct{}
	stop               sync.Once
	running            sync.WaitGroup
}

// Start listens for SMTP and HTTP on two loopback addresses ("127.0.0.1:0"
// picks a free port) and serves until ctx ends or Close is called.
func Start(ctx context.Context, smtpAddr, httpAddr string) (*Mailbox, error) {
	smtpListener, err := listen(ctx, smtpAddr)
	if err != nil {
		return nil, err
	}
	httpListener, err := listen(ctx, httpAddr)
	if err != nil {
		return nil, errors.Join(err, smtpListener.Close())
	}
	m := &Mailbox{
		box: newBox(), faults: &faultPlan{}, done: make(chan struct{}),
		smtpAddr: smtpListener.Addr().String(), httpAddr: httpListener.Addr().String(),
		listeners: []net.Listener{smtpListener, httpListener},
	}
	m.smtp = newSMTPServer(m.box, m.faults, time.Now, m.done) //nolint:forbidigo // a simulator shows when a mail really came
	m.http = &http.Server{Handler: m.handler(), ReadHeaderTimeout: 10 * time.Second}
	m.running.Go(func() { _ = m.smtp.Serve(smtpListener) })
	m.running.Go(func() { _ = m.http.Serve(httpListener) })
	context.AfterFunc(ctx, m.Close)
	return m, nil
}

// listen refuses addresses that other machines could reach.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("mail simulator: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("mail simulator: %s is not a loopback address", addr)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
}

// SMTPAddr is where mail goes, as host:port. No TLS, no sign-in.
func (m *Mailbox) SMTPAddr() string { return m.smtpAddr }

// URL is the inbox, without a slash at the end.
func (m *Mailbox) URL() string { return "http://" + m.httpAddr }

// Messages returns the mails to an address, newest first; "" means all.
func (m *Mailbox) Messages(to string) []Message {
	found, _ := m.box.list(to)
	return found
}

// Wait returns the newest mail to an address once there are at least n of
// them, or the error of ctx.
func (m *Mailbox) Wait(ctx context.Context, to string, n int) (Message, error) {
	for {
		found, arrived := m.box.list(to)
		if len(found) >= n && n > 0 {
			return found[0], nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("%d of %d mails to %s: %w", len(found), n, to, ctx.Err())
		}
	}
}

// Misbehave sets what goes wrong from the next mail on; the zero Faults make
// everything work again.
func (m *Mailbox) Misbehave(f Faults) error {
	if err := f.validate(); err != nil {
		return err
	}
	m.faults.set(f)
	return nil
}

// Close stops both servers and waits for them. It may be called twice.
func (m *Mailbox) Close() {
	m.stop.Do(func() {
		close(m.done)
		_ = m.smtp.Close()
		_ = m.http.Close()
		for _, l := range m.listeners { // a server that is not serving yet does not know its listener
			_ = l.Close()
		}
	})
	m.running.Wait()
}
