package provider

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Person is who came, in the provider's words.
type Person struct {
	// Key and Subject name the person for good: Key is the issuer where one
	// adapter serves several, Subject the provider's stable id.
	Key     string
	Subject string

	Nickname  string // as typed at the provider: escape it wherever it is shown
	AvatarURL string
	Email     string // as stated
	// EmailVerified is the provider's word. It never counts as ours.
	EmailVerified bool
	// Channels are further names of the person, each valid for one app.
	Channels []Channel
	Claims   map[string]any // what else it said, for support; no token
}

// Channel is a name of a person that holds for one app of a provider only:
// WeChat's openid.
type Channel struct {
	Name    string // "mp", "open"
	AppID   string
	Subject string
}

// Limits of what a provider says about a person.
const (
	maxSubjectBytes  = 255 // OIDC Core section 2, sub
	maxNicknameRunes = 100
	maxEmailBytes    = 254 // RFC 5321 section 4.5.3.1.3, without the brackets
	maxURLBytes      = 2048
)

// Vetted returns the person with all that is for show cut to its limits: what
// does not fit or is not what it should be is left out, since nobody should
// fail to sign in for an odd nickname. The names that identify are not changed:
// one that cannot be used is ErrUntrusted.
func (p Person) Vetted() (Person, error) {
	if !isSubject(p.Subject) {
		return Person{}, ErrUntrusted.Because(errorf("the subject is empty, longer than %d bytes or not printable ASCII", maxSubjectBytes))
	}
	for _, channel := range p.Channels {
		if !isSubject(channel.Subject) {
			return Person{}, ErrUntrusted.Because(errorf("the subject in channel %s cannot be used", channel.Name))
		}
	}
	p.Nickname = plainText(p.Nickname, maxNicknameRunes)
	if !isWebURL(p.AvatarURL) {
		p.AvatarURL = ""
	}
	if !looksLikeEmail(p.Email) {
		p.Email, p.EmailVerified = "", false
	}
	return p, nil
}

func isSubject(s string) bool {
	return s != "" && len(s) <= maxSubjectBytes && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// plainText is one trimmed line of text without invisible characters. Marks
// that turn the writing direction are invisible too, and let a name
// impersonate its surroundings.
func plainText(s string, max int) string {
	var b strings.Builder
	kept := 0
	for _, r := range strings.TrimSpace(s) {
		if kept == max {
			break
		}
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), isInvisible(r):
			continue
		case unicode.IsSpace(r):
			r = ' '
		}
		b.WriteRune(r)
		kept++
	}
	return strings.TrimSpace(b.String())
}

// isInvisible spares the two marks that emoji and Persian names need.
func isInvisible(r rune) bool { return r != '\u200c' && r != '\u200d' && unicode.Is(unicode.Cf, r) }

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURLBytes && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func looksLikeEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= maxEmailBytes && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}
