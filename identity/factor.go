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
	Failures       int   // wrong codes since the last right one
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
	maxFactorGuesses = 5 // wrong codes before a factor rests
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
	// factor verified. False when this step or a later one was taken before.
	TakeStep(ctx context.Context, id uuid.UUID, step int64, at time.Time) (bool, error)
	// CountFailure adds a wrong code, and locks the factor until the given time
	// when limit of them have come.
	CountFailure(ctx context.Context, id uuid.UUID, limit int, lockUntil time.Time) error
	PutChallenge(ctx context.Context, c Challenge) error
	// Challenge returns a challenge. Faults: ErrChallengeGone.
	Challenge(ctx context.Context, id uuid.UUID) (Challenge, error)
}

// Sealer seals secrets that are stored; secret.Key does.
type Sealer interface {
	Seal(purpose string, plain []byte) []byte
	Open(purpose string, sealed []byte) ([]byte, error)
}
