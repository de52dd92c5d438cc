package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tessera/fault"
)

// Factor is a second factor of a user: an authenticator app (TOTP, RFC 6238).
type Factor struct {
	ID             uuid.UUID
	UserID         uuid.UUID
	Kind           string // FactorTOTP
	FriendlyName   string
	IsVerified     bool
	SecretSealed   []byte
	LastStep       int64 // newest time step accepted
	Failures       int   // tries since the last right one
	LockedUntil    *time.Time
	LastChallenged *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// FactorTOTP is the one kind of factor.
const FactorTOTP = "totp"

// Limits of factors.
const (
	maxFactors       = 10
	unverifiedLife   = 15 * time.Minute // an enrolment that was not finished
	challengeLife    = 5 * time.Minute
	maxFactorGuesses = 5 // tries, from the last right one on, before a factor rests
)

// Challenge is one asking for a factor's code.
type Challenge struct {
	ID        uuid.UUID
	FactorID  uuid.UUID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Faults of second factors.
var (
	ErrFactorNotFound = fault.Declare(fault.NotFound, "identity.factor_not_found",
		"Factor not found", "List the factors of the account and name one of them.")
	ErrFactorNameTaken = fault.Declare(fault.Unprocessable, "identity.factor_name_taken",
		"A factor with this friendly name exists already", "Give it another name.")
	ErrTooManyFactors = fault.Declare(fault.Unprocessable, "identity.too_many_factors",
		"Maximum number of factors reached", "Remove one first.")
	ErrFactorKind = fault.Declare(fault.Invalid, "identity.factor_kind_unsupported",
		"factor_type needs to be totp", "Use factor_type totp.")
	ErrFactorCodeWrong = fault.Declare(fault.Unprocessable, "identity.factor_code_wrong",
		"Invalid TOTP code entered", "Enter the code that the app shows now; each works once.")
	ErrNoSecondFactor = fault.Declare(fault.Unprocessable, "identity.no_second_factor",
		"This account has no second factor.", "Set up an authenticator app first.")
	ErrFactorLocked = fault.Declare(fault.RateLimited, "identity.factor_locked",
		"Too many wrong codes", "Wait, then try again.")
	ErrChallengeGone = fault.Declare(fault.Unprocessable, "identity.challenge_expired",
		"MFA factor challenge has expired, verify against another challenge or create a new challenge.", "Start the challenge again.")
)

// FactorStore keeps second factors. All methods take part in the context's
// transaction.
type FactorStore interface {
	// PutFactor writes a factor. Faults: ErrFactorNameTaken.
	PutFactor(ctx context.Context, f Factor) error
	// Factors returns a user's factors, oldest first.
	Factors(ctx context.Context, userID uuid.UUID) ([]Factor, error)
	// DeleteFactor removes a factor; false when it was gone.
	DeleteFactor(ctx context.Context, id uuid.UUID) (bool, error)
	// TakeStep notes a right code: the step becomes the newest one, and the
	// factor verified and at rest no more. False when this step or a later one
	// was taken before.
	TakeStep(ctx context.Context, id uuid.UUID, step int64, at time.Time) (bool, error)
	// CountAttempt adds a try of a factor that does not rest, and returns how
	// many there were since the last right one; of a factor that rests at that
	// time it returns until when, and adds nothing. Faults: ErrFactorNotFound.
	CountAttempt(ctx context.Context, id uuid.UUID, at time.Time) (attempts int, lockedUntil *time.Time, err error)
	// LockFactor makes a factor rest.
	LockFactor(ctx context.Context, id uuid.UUID, until time.Time) error
	// ClearAttempts takes back what CountAttempt and LockFactor noted.
	ClearAttempts(ctx context.Context, id uuid.UUID) error
	PutChallenge(ctx context.Context, c Challenge) error
	// Challenge returns a challenge. Faults: ErrChallengeGone.
	Challenge(ctx context.Context, id uuid.UUID) (Challenge, error)

	// RecoveryCodes returns a user's set, used ones too.
	RecoveryCodes(ctx context.Context, userID uuid.UUID) ([]RecoveryCode, error)
	// ReplaceRecoveryCodes writes a set in place of the user's last one.
	ReplaceRecoveryCodes(ctx context.Context, userID uuid.UUID, codes []RecoveryCode) error
	// TakeRecoveryCode uses a code; true for exactly one caller.
	TakeRecoveryCode(ctx context.Context, userID uuid.UUID, hash []byte, at time.Time) (bool, error)
}

// Sealer seals secrets that are stored; secret.Key does.
type Sealer interface {
	Seal(purpose string, plain []byte) []byte
	Open(purpose string, sealed []byte) ([]byte, error)
	// Derive returns a key for one purpose, of size bytes.
	Derive(purpose string, size int) []byte
}
