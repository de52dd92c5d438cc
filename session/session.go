package session

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/session/token"
)

// Authentication methods, as the amr claim names them.
const (
	MethodPassword  = "password"
	MethodOTP       = "otp"
	MethodAnonymous = "anonymous"
	MethodOAuth     = "oauth"
	MethodTOTP      = "totp"
	MethodPasskey   = "passkey"
	MethodRecovery  = "recovery_code" // one that stands in for the app
	MethodMFA       = "mfa"           // RFC 8176: several factors at once
)

// Session is one sign-in on one device.
type Session struct {
	ID          uuid.UUID
	UserID      uuid.UUID
	AAL         string         // authenticator assurance level, "aal1" or "aal2"
	AMR         []token.Method // how the person proved who they are, newest first
	UserAgent   string
	IP          string
	CreatedAt   time.Time
	RefreshedAt time.Time
	NotAfter    *time.Time // nil = no end of its own
	ConfirmedAt *time.Time // when the person last proved who they are; nil = not since CreatedAt
}

// HasSecondFactor reports whether more than one factor was shown in this
// session: an authenticator app's or a recovery code (aal2), or a passkey that
// verified its user, which GoTrue's contract calls aal1 all the same.
func (s Session) HasSecondFactor() bool {
	return s.AAL == "aal2" || slices.ContainsFunc(s.AMR, func(m token.Method) bool { return m.Method == MethodMFA })
}

// lastConfirmed is when the person last proved who they are. Sessions from
// before that was kept, and anonymous ones, have their beginning only.
func (s Session) lastConfirmed() time.Time {
	if s.ConfirmedAt == nil {
		return s.CreatedAt
	}
	return *s.ConfirmedAt
}

// withMethod puts a method first, in place of an earlier use of it.
func withMethod(methods []token.Method, method string, at time.Time) []token.Method {
	rest := slices.DeleteFunc(slices.Clone(methods), func(m token.Method) bool { return m.Method == method })
	return append([]token.Method{{Method: method, At: at}}, rest...)
}

// RefreshToken is one link of a session's chain, as it is stored.
type RefreshToken struct {
	ID         uuid.UUID
	SessionID  uuid.UUID
	Hash       []byte // SHA-256 of the token
	Generation int64  // 0, 1, 2, ... along the chain
	CreatedAt  time.Time
	ReplacedAt *time.Time // when its successor was handed out
}

// Grant is what a successful sign-in or refresh hands out.
type Grant struct {
	AccessToken  string
	ExpiresAt    time.Time
	RefreshToken string
	Session      Session
	User         identity.User
}
