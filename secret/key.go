package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"tessera/fault"
)

// KeySize is the length of the secret key in bytes.
const KeySize = 32

// Generator is the shell command that makes a key which [Parse] accepts.
const Generator = "openssl rand -base64 32"

// redacted is what any attempt to print a key shows.
const redacted = "[secret]"

// ErrBadKey is returned by [Parse] for anything but 32 bytes of base64. Its
// text never holds the input.
var ErrBadKey = fault.Declare(fault.Invalid, "secret.bad_key",
	"The secret key must be 32 random bytes in base64.", "Make one with: "+Generator)

// Key is the installation's secret key. The zero Key is not one: see
// [Key.IsZero]. It is a value and safe for concurrent use.
type Key struct {
	bytes [KeySize]byte
}

// Parse reads a key from standard base64, with or without padding; white space
// around it is ignored. It returns [ErrBadKey] otherwise.
func Parse(encoded string) (Key, error) {
	encoded = strings.TrimRight(strings.TrimSpace(encoded), "=")
	if encoded == "" {
		return Key{}, ErrBadKey.Saying("The secret key is empty.")
	}
	raw, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Key{}, ErrBadKey.Saying("The secret key is not base64.")
	}
	if len(raw) != KeySize {
		return Key{}, ErrBadKey.Saying("The secret key has %d bytes; it must have %d.", len(raw), KeySize)
	}
	var k Key
	copy(k.bytes[:], raw)
	if k.IsZero() {
		return Key{}, ErrBadKey.Saying("The secret key is all zeros.")
	}
	return k, nil
}

// Generate returns a new random key.
func Generate() Key {
	var k Key
	_, _ = rand.Read(k.bytes[:]) // never fails: crypto/rand ends the program instead
	return k
}

// Encode returns the key in the base64 that [Parse] reads. It is the only way
// to get the key out; use it to write a key file, never a log.
func (k Key) Encode() string { return base64.StdEncoding.EncodeToString(k.bytes[:]) }

// IsZero reports whether no key was set.
func (k Key) IsZero() bool { return k == Key{} }

// Derive returns size bytes that only this key and purpose give
// (HKDF-SHA256, RFC 5869). It panics on a zero key, an empty purpose or a size
// over 8160: those are mistakes of the program, not of its user.
func (k Key) Derive(purpose string, size int) []byte {
	return k.expand("tessera derive", purpose, size)
}

// expand runs HKDF. The use keeps [Key.Derive] and [Key.Seal] apart when their
// callers choose the same purpose.
func (k Key) expand(use, purpose string, size int) []byte {
	if k.IsZero() || purpose == "" {
		panic("secret: deriving needs a key and a purpose")
	}
	derived, err := hkdf.Key(sha256.New, k.bytes[:], nil, use+" "+purpose, size)
	if err != nil {
		panic("secret: " + err.Error())
	}
	return derived
}

// String returns "[secret]".
func (k Key) String() string { return redacted }

// Format makes every fmt verb print "[secret]", %x and %#v too.
func (k Key) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redacted) }

// LogValue keeps the key out of structured logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the key out of JSON, YAML and every other encoding that
// asks for text.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
