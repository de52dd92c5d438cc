package provider

import (
	"fmt"
	"net/url"
	"strings"
)

const (
	minSecretLen = 16
	maxStateLen  = 128 // WeChat's limit, kept for all
	maxCodeLen   = 4096
)

// errorf makes the hidden cause of a fault.
func errorf(format string, args ...any) error { return fmt.Errorf("provider: "+format, args...) }

// Check refuses a start that lacks what protects the flow. Its error is a
// mistake of the caller, not of the person: it is no fault.
func (s Start) Check() error {
	switch {
	case len(s.State) < minSecretLen || len(s.State) > maxStateLen || strings.ContainsFunc(s.State, notAlphanumeric):
		return errorf("state must be %d to %d letters and digits", minSecretLen, maxStateLen)
	case len(s.Nonce) < minSecretLen:
		return errorf("nonce must have at least %d characters", minSecretLen)
	case len(s.Challenge) != 43 || strings.ContainsFunc(s.Challenge, notURLSafe):
		return errorf("challenge must be a PKCE S256 challenge")
	}
	return checkRedirectURI(s.RedirectURI)
}

func checkRedirectURI(uri string) error {
	if u, err := url.Parse(uri); err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "" {
		return errorf("redirect URI must be absolute and without a fragment")
	}
	return nil
}

// Code returns the authorization code, when the provider gave one and the flow
// has kept what binds it. Faults: ErrDenied, ErrUnreachable, ErrRefused,
// ErrUntrusted for an answer that says things twice.
func (r Return) Code() (string, error) {
	if len(r.Verifier) < 43 || len(r.Verifier) > 128 || strings.ContainsFunc(r.Verifier, notVerifier) {
		return "", errorf("code verifier must be 43 to 128 characters of RFC 7636 section 4.1")
	}
	if len(r.Nonce) < minSecretLen {
		return "", errorf("nonce must have at least %d characters", minSecretLen)
	}
	if err := checkRedirectURI(r.RedirectURI); err != nil {
		return "", err
	}
	for _, name := range []string{"code", "error", "iss", "state"} {
		if len(r.Query[name]) > 1 {
			// RFC 6749 section 3.1: a parameter must not be there more than once.
			return "", ErrUntrusted.Because(errorf("the callback names %s %d times", name, len(r.Query[name])))
		}
	}
	if code := r.Query.Get("error"); code != "" {
		return "", refusal(code)
	}
	code := r.Query.Get("code")
	if code == "" || len(code) > maxCodeLen {
		return "", ErrRefused.Because(errorf("the callback holds no usable code"))
	}
	return code, nil
}

// refusal is the fault of an OAuth 2.0 error code (RFC 6749 section 4.1.2.1,
// OIDC Core section 3.1.2.6).
func refusal(code string) error {
	cause := errorf("error code %s", clip(code))
	switch code {
	case "access_denied", "user_cancelled_login", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return ErrDenied.Because(cause)
	case "temporarily_unavailable", "server_error":
		return ErrUnreachable.Because(cause)
	case "invalid_client", "unauthorized_client":
		return ErrCredentials.Because(cause)
	}
	return ErrRefused.Because(cause)
}

// clip makes a foreign word fit for a log: short, quoted, no line of its own.
func clip(word string) string {
	if len(word) > 64 {
		word = word[:64] + "..."
	}
	return fmt.Sprintf("%q", word)
}

// Issuer refuses an answer of another issuer (RFC 9207): the iss parameter must
// be the expected one when it is there, and must be there when required is set.
// It is the guard against mix-up. Fault: ErrUntrusted.
func (r Return) Issuer(expected string, required bool) error {
	got, present := r.Query["iss"]
	switch {
	case !present && required:
		return ErrUntrusted.Because(errorf("the callback lacks the iss parameter that the issuer announces"))
	case present && (len(got) != 1 || got[0] != expected):
		return ErrUntrusted.Because(errorf("the callback comes from issuer %s, not %s", clip(strings.Join(got, " ")), expected))
	}
	return nil
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func notAlphanumeric(r rune) bool { return !isAlphanumeric(r) }
func notURLSafe(r rune) bool      { return !isAlphanumeric(r) && r != '-' && r != '_' }
func notVerifier(r rune) bool     { return !isAlphanumeric(r) && !strings.ContainsRune("-._~", r) }

// WithQuery adds parameters to an endpoint, keeping those that it has (RFC 6749
// section 3.1).
func WithQuery(endpoint string, add url.Values) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", ErrRefused.Because(errorf("the endpoint is not a URL"))
	}
	query := u.Query()
	for name, values := range add {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// CodeRequest is what every authorization request says.
func (s Start) CodeRequest(clientID string, scopes []string) url.Values {
	return url.Values{
		"response_type":         {"code"},
		"client_id":             {clientID},
		"redirect_uri":          {s.RedirectURI},
		"scope":                 {strings.Join(scopes, " ")},
		"state":                 {s.State},
		"code_challenge":        {s.Challenge},
		"code_challenge_method": {"S256"},
	}
}
