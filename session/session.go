package session

import (
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
