package token

import (
	"errors"
	"strings"

	"tessera/fault"
)

// What can be wrong with a token. The part of each code after "token." is the
// reason label of the failure metric: see [Reason].
var (
	ErrMalformed = fault.Declare(fault.Unauthenticated, "token.malformed",
		"The access token cannot be read.", "Send the token exactly as it was issued.")
	ErrAlgNotAllowed = fault.Declare(fault.Unauthenticated, "token.alg_not_allowed",
		"The access token is signed with an algorithm that is not accepted from its issuer.",
		"Use a token of the configured issuer.")
	ErrUnknownIssuer = fault.Declare(fault.Unauthenticated, "token.unknown_issuer",
		"The access token comes from an issuer that this server does not trust.",
		"Sign in again; an operator can add the issuer to the trusted ones.")
	ErrUnknownKey = fault.Declare(fault.Unauthenticated, "token.unknown_key",
		"The access token is signed with a key that its issuer does not publish.", "Sign in again.")
	ErrBadSignature = fault.Declare(fault.Unauthenticated, "token.bad_signature",
		"The access token's signature is wrong.", "Sign in again.")
	ErrExpired = fault.Declare(fault.Unauthenticated, "token.expired",
		"The access token has expired.", "Refresh it, or sign in again.")
	ErrNotYetValid = fault.Declare(fault.Unauthenticated, "token.not_yet_valid",
		"The access token is not valid yet.", "Check that the clocks of both servers are right.")
	ErrClaimMissing = fault.Declare(fault.Unauthenticated, "token.claim_missing",
		"The access token lacks a claim that it must have.", "Sign in again.")
	ErrWrongAudience = fault.Declare(fault.Unauthenticated, "token.wrong_audience",
		"The access token was issued for somebody else.", "Use a token that was issued for this server.")
	ErrNoSubject = fault.Declare(fault.Unauthenticated, "token.no_subject",
		"The access token names no user.", "Sign in: an API key is not a user.")
	ErrKeysUnavailable = fault.Declare(fault.Unavailable, "token.keys_unavailable",
		"The issuer's keys cannot be fetched at the moment, so the access token cannot be checked.",
		"Try again shortly; the token may well be valid.")
	ErrNotReady = fault.Declare(fault.Unavailable, "token.not_ready",
		"The signing keys are not loaded yet.", "Try again shortly.")
	ErrRotationRaced = fault.Declare(fault.Conflict, "token.rotation_raced",
		"The keys were rotated by somebody else at the same moment.",
		"List the keys, and rotate again if that is still what you want.")
)

// parserText is the detail under which a fault carries the wording that JWT
// libraries use, and with them GoTrue.
const parserText = "jwt"

// failing returns the fault with the parser's wording of it.
func failing(f *fault.Fault, text string) error { return f.With(parserText, text) }

// Explain returns what a JWT library would have said, for surfaces whose
// clients know that wording ("token is malformed: token contains an invalid
// number of segments"). It is "" for an error that is not about a token.
func Explain(err error) string {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return ""
	}
	text, _ := f.Detail[parserText].(string)
	return text
}

// Reason returns the label under which a verification failure is counted:
// "expired", "bad_signature", ...; "internal" for anything that is not about a
// token.
func Reason(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		if reason, ok := strings.CutPrefix(f.Code, "token."); ok {
			return reason
		}
	}
	return "internal"
}
