package session

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// Challenge is the PKCE challenge that a flow began with (RFC 7636); zero
// where it began without one.
type Challenge struct {
	Value  string
	Method string // "s256" or "plain"
}

// ParseChallenge checks a challenge as clients send it: both parts or neither,
// 43 to 128 unreserved characters. Faults: ErrChallengeInvalid.
func ParseChallenge(value, method string) (Challenge, error) {
	if value == "" && method == "" {
		return Challenge{}, nil
	}
	method = strings.ToLower(method)
	switch {
	case value == "" || method == "":
		return Challenge{}, ErrChallengeInvalid.On("code_challenge", "goes with code_challenge_method")
	case method != "s256" && method != "plain":
		return Challenge{}, ErrChallengeInvalid.Saying("code challenge method must be s256 or plain").
			On("code_challenge_method", "is neither s256 nor plain")
	case len(value) < 43 || len(value) > 128:
		return Challenge{}, ErrChallengeInvalid.Saying("code challenge has to be between 43 and 128 characters").
			On("code_challenge", "is not 43 to 128 characters long")
	case strings.ContainsFunc(value, isReserved):
		return Challenge{}, ErrChallengeInvalid.Saying("code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes").
			On("code_challenge", "holds a character that is not allowed")
	}
	return Challenge{Value: value, Method: method}, nil
}

func isReserved(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~", r))
}

// IsZero reports whether the flow began without a challenge.
func (c Challenge) IsZero() bool { return c.Value == "" }

// Matches reports whether verifier is the one behind the challenge.
func (c Challenge) Matches(verifier string) bool {
	if c.Method == "s256" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(c.Value), []byte(verifier)) == 1
}
