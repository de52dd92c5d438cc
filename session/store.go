package session

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps sessions and their refresh tokens. All methods take part in the
// context's transaction.
type Store interface {
	// CreateSession writes a session with the first token of its chain.
	CreateSession(ctx context.Context, s Session, first RefreshToken) error
	// Session returns a session. Faults: ErrSessionNotFound.
	Session(ctx context.Context, id uuid.UUID) (Session, error)
	// Sessions returns a user's sessions, newest first.
	Sessions(ctx context.Context, userID uuid.UUID) ([]Session, error)
	// EndSession deletes a session and its chain; false when it was gone.
	EndSession(ctx context.Context, id uuid.UUID) (bool, error)
	// EndSessions deletes a user's sessions but the one named (uuid.Nil = none).
	EndSessions(ctx context.Context, userID, except uuid.UUID) error
	// RefreshToken finds a token by its hash. Faults: ErrRefreshNotFound.
	RefreshToken(ctx context.Context, hash []byte) (RefreshToken, error)
	// ReplaceRefreshToken marks a token as replaced and writes its successor;
	// false, with nothing written, when it was replaced already.
	ReplaceRefreshToken(ctx context.Context, id uuid.UUID, successor RefreshToken) (bool, error)
	// ConfirmSession notes when the person last proved who they are. Faults:
	// ErrSessionNotFound.
	ConfirmSession(ctx context.Context, id uuid.UUID, at time.Time) error
	// RaiseSession writes a session's level, methods and confirmation, and puts
	// one token in place of its whole chain. Faults: ErrSessionNotFound.
	RaiseSession(ctx context.Context, s Session, only RefreshToken) error
}

// Kind says what a one-time token is for.
type Kind string

// Kinds of one-time tokens.
const (
	KindSignup             Kind = "signup"
	KindInvite             Kind = "invite"
	KindRecovery           Kind = "recovery"
	KindMagicLink          Kind = "magiclink"
	KindEmailChangeCurrent Kind = "email_change_current" // sent to the present address
	KindEmailChangeNew     Kind = "email_change_new"     // sent to the wanted one
	KindReauthentication   Kind = "reauthentication"
)

// OneTimeToken is a link and a code sent by mail, as they are stored.
type OneTimeToken struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	Kind       Kind
	Email      string // where it was sent
	TokenHash  []byte // SHA-256 of the link's token
	CodeHash   []byte // keyed hash of the 6-digit code
	Attempts   int    // wrong codes so far
	Challenge  Challenge
	RedirectTo string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// AuthCode is a code to be exchanged with its PKCE verifier, as it is stored.
type AuthCode struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Hash      []byte // SHA-256 of the code
	Challenge Challenge
	AMRMethod string
	// LinkSealed is an identity that the user gains by the exchange; nil = none.
	LinkSealed []byte
	Attempts   int
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// CodeStore keeps one-time tokens and authorization codes. Take methods
// report true to exactly one caller.
type CodeStore interface {
	// PutOneTimeToken writes a token in place of the user's last of its kind.
	PutOneTimeToken(ctx context.Context, t OneTimeToken) error
	// OneTimeTokenByHash finds a token by its link. Faults: ErrLinkInvalid.
	OneTimeTokenByHash(ctx context.Context, hash []byte) (OneTimeToken, error)
	// OneTimeTokens returns a user's tokens of the given kinds.
	OneTimeTokens(ctx context.Context, userID uuid.UUID, kinds ...Kind) ([]OneTimeToken, error)
	// OneTimeTokensTo returns the tokens of the given kinds sent to an address.
	OneTimeTokensTo(ctx context.Context, address string, kinds ...Kind) ([]OneTimeToken, error)
	// TakeOneTimeToken deletes it; false when somebody else did.
	TakeOneTimeToken(ctx context.Context, id uuid.UUID) (bool, error)
	// CountWrongCode adds to a token's attempts and deletes it at the limit.
	CountWrongCode(ctx context.Context, id uuid.UUID, limit int) error

	PutAuthCode(ctx context.Context, c AuthCode) error
	// AuthCodeByHash finds a code. Faults: ErrCodeNotFound.
	AuthCodeByHash(ctx context.Context, hash []byte) (AuthCode, error)
	TakeAuthCode(ctx context.Context, id uuid.UUID) (bool, error)
	CountWrongVerifier(ctx context.Context, id uuid.UUID, limit int) error

	// PurgeCodes deletes what expired before the given time.
	PurgeCodes(ctx context.Context, before time.Time) error
}
