package identity

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxEmail is the longest address that SMTP can carry (RFC 5321 4.5.3.1.3,
// less the angle brackets).
const maxEmail = 254

// NormalizeEmail returns the one form in which an address is stored and
// compared: NFC, no surrounding space, lower case, the domain in ASCII
// (RFC 5891). It is the only function that does this.
//
// Lower-casing the local part departs from RFC 5321, which lets a host tell
// "A@" from "a@"; no provider in use does, and two accounts that differ only
// by case are a way to be mistaken for someone else.
//
// Faults: ErrEmailMissing, ErrEmailInvalid.
func NormalizeEmail(address string) (string, error) {
	address = strings.TrimSpace(norm.NFC.String(address))
	if address == "" {
		return "", ErrEmailMissing.On("email", "is missing")
	}
	invalid := func(why string) (string, error) { return "", ErrEmailInvalid.On("email", why) }
	if len(address) > maxEmail {
		return invalid("is longer than 254 bytes")
	}
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || !unicode.IsGraphic(r) }) {
		return invalid("holds a space or an invisible character")
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address {
		return invalid("is not an address like name@example.com")
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := strings.ToLower(address[:at]), address[at+1:]
	if len(local) > 64 {
		return invalid("has more than 64 bytes before the @")
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.ToLower(domain), "."))
	if err != nil || !strings.Contains(ascii, ".") || strings.HasPrefix(ascii, "[") {
		return invalid("has no valid domain after the @")
	}
	return local + "@" + ascii, nil
}
