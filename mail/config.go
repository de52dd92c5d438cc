package mail

import (
	"net"
	"net/mail"
	"strings"
	"time"
)

// TLS modes of [Config].
const (
	TLSNone     = "none"
	TLSStartTLS = "starttls"
	TLSImplicit = "tls"
)

// Config says how mail leaves. The zero value means that none does.
type Config struct {
	Host     string        `doc:"SMTP server's host name. Empty: no mail is sent, and whatever needs one answers mail.not_configured."`
	Port     int           `doc:"SMTP server's port, usually 587 with starttls and 465 with tls." default:"587"`
	User     string        `doc:"Account at the SMTP server. Empty: sign in to nothing."`
	Password string        `doc:"Password of that account." secret:"true"`
	TLS      string        `doc:"How the connection is protected: starttls (required, never optional), tls (from the first byte) or none (only for a server on this machine or a trusted network; a password is then sent to loopback only)." default:"starttls"`
	From     string        `doc:"Sender, as no-reply@example.com or Name <no-reply@example.com>. Without a name the site's name is shown."`
	Locale   string        `doc:"Language of a mail to somebody whose language is not known: en or zh-CN." default:"en"`
	Timeout  time.Duration `doc:"How long one conversation with the SMTP server may take." default:"15s"`
}

// DefaultConfig returns the defaults that the tags name.
func DefaultConfig() Config {
	return Config{Port: 587, TLS: TLSStartTLS, Locale: "en", Timeout: 15 * time.Second}
}

// Enabled reports whether a mail server is named at all.
func (c Config) Enabled() bool { return c.Host != "" }

// Check reports every setting that cannot work, by its name. Settings that are
// not enabled are fine.
func (c Config) Check(report func(field, message string)) {
	if !c.Enabled() {
		return
	}
	if strings.ContainsAny(c.Host, "/: \r\n") && net.ParseIP(c.Host) == nil {
		report("host", "must be a host name or an address, without a scheme or a port")
	}
	if c.Port < 1 || c.Port > 65535 {
		report("port", "must be between 1 and 65535")
	}
	if a, err := mail.ParseAddress(c.From); err != nil || !headerSafe(c.From) || !bareAddress(a.Address) {
		report("from", "must be no-reply@example.com or Name <no-reply@example.com>")
	}
	if c.Timeout < time.Second {
		report("timeout", "must be a second or more")
	}
	c.checkSecrecy(report)
}

// checkSecrecy refuses settings that would show the password to the network.
func (c Config) checkSecrecy(report func(field, message string)) {
	switch c.TLS {
	case TLSStartTLS, TLSImplicit:
	case TLSNone:
		if c.User != "" && !loopback(c.Host) {
			report("tls", "must be starttls or tls when a user is set: none would send the password in clear text")
		}
	default:
		report("tls", "must be starttls, tls or none")
	}
	if c.Password != "" && c.User == "" {
		report("user", "must be set when a password is")
	}
}

// Validate is Check as one error. Fault: ErrConfig with Fields.
func (c Config) Validate() error {
	f := ErrConfig
	c.Check(func(field, message string) { f = f.On(field, message) })
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
