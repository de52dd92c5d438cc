package mail

import (
	"encoding/json"
	"log/slog"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind says what a mail is for. The names are GoTrue's.
type Kind string

// The kinds of mail. A change of address that both owners must confirm is two
// mails: KindEmailChangeNew to the new address, KindEmailChangeCurrent to the
// one that is in force.
const (
	KindSignup             Kind = "signup"
	KindRecovery           Kind = "recovery"
	KindMagicLink          Kind = "magiclink"
	KindEmailChangeNew     Kind = "email_change_new"
	KindEmailChangeCurrent Kind = "email_change_current"
	KindReauthentication   Kind = "reauthentication"
	KindInvite             Kind = "invite"
	KindPendingEmail       Kind = "pending_email" // proves an address while a sign-in from elsewhere waits; a code only
)

// Kinds lists every kind of mail, in the order above.
func Kinds() []Kind {
	return []Kind{
		KindSignup, KindRecovery, KindMagicLink, KindEmailChangeNew,
		KindEmailChangeCurrent, KindReauthentication, KindInvite, KindPendingEmail,
	}
}

// Message is one mail to one person. It holds secrets (Link, Code): it is
// sealed wherever it rests, and never logged.
type Message struct {
	ID        string        `json:"id,omitempty"` // stable over attempts, becomes the Message-ID; "" = a random one
	Kind      Kind          `json:"kind"`
	To        string        `json:"to"`                  // one bare address, no display name
	Locale    string        `json:"locale,omitempty"`    // BCP 47; anything but Chinese reads English; "" = the sender's default
	Link      string        `json:"link,omitempty"`      // absolute http(s) URL; "" = no button
	Code      string        `json:"code,omitempty"`      // one-time code of 6 to 10 digits; "" = none
	SiteName  string        `json:"site_name"`           // shown in subject, heading and as the sender's name
	NewEmail  string        `json:"new_email,omitempty"` // for the two email_change kinds: the address asked for
	ValidFor  time.Duration `json:"valid_for"`           // how long link and code live, told to the reader
	ExpiresAt time.Time     `json:"expires_at,omitzero"` // zero = never; a mail is not sent after this
}

// Encode returns the message as a job's payload. Seal it before it is kept.
func (m Message) Encode() ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// Decode reads what [Message.Encode] wrote. Fault: ErrMessage.
func Decode(payload []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(payload, &m); err != nil {
		return Message{}, ErrMessage.Because(err)
	}
	return m, m.Validate()
}

// Validate reports every field that would make a wrong or a dangerous mail.
// Fault: ErrMessage with Fields.
func (m Message) Validate() error {
	f := ErrMessage
	refuse := func(field, message string) { f = f.On(field, message) }
	if _, known := catalogs["en"].kinds[m.Kind]; !known {
		refuse("kind", "is not a kind of mail that exists")
	}
	if !bareAddress(m.To) {
		refuse("to", "must be one e-mail address without a name")
	}
	if m.NewEmail != "" && !bareAddress(m.NewEmail) {
		refuse("new_email", "must be one e-mail address without a name")
	}
	if m.SiteName == "" || !headerSafe(m.SiteName) {
		refuse("site_name", "must be text on one line without control characters")
	}
	if m.ID != "" && strings.ContainsFunc(m.ID, func(r rune) bool { return !isIDRune(r) }) {
		refuse("id", "may hold letters, digits, dots, dashes and underscores")
	}
	m.validateProof(refuse)
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// validateProof checks what the reader is to press or to type.
func (m Message) validateProof(refuse func(field, message string)) {
	if m.Link == "" && m.Code == "" {
		refuse("link", "or code must be set")
	}
	if m.Link != "" && !webLink(m.Link) {
		refuse("link", "must be an absolute http or https URL")
	}
	if m.Code != "" && (len(m.Code) < 6 || len(m.Code) > 10 || strings.Trim(m.Code, "0123456789") != "") {
		refuse("code", "must be 6 to 10 digits")
	}
	if m.ValidFor < time.Minute {
		refuse("valid_for", "must be a minute or more")
	}
}

// String keeps link, code and the address out of logs; the domain tells an
// operator which receiving side is in trouble.
func (m Message) String() string {
	_, domain, _ := strings.Cut(m.To, "@")
	return "mail(" + string(m.Kind) + " to ..@" + domain + ")"
}

// LogValue is String: the JSON handler would print every field otherwise.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

// GoString keeps %#v from printing the secrets.
func (m Message) GoString() string { return m.String() }

// bareAddress reports whether s is exactly one address as RFC 5322 writes it,
// so that nothing in it can end a header or name a second recipient.
func bareAddress(s string) bool {
	if !headerSafe(s) || len(s) > 254 {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

func headerSafe(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}

func webLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && headerSafe(s)
}

func isIDRune(r rune) bool {
	return r == '.' || r == '-' || r == '_' || (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')
}
