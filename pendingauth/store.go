package pendingauth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps flows and pending sessions. All methods take part in the
// context's transaction.
type Store interface {
	PutFlow(ctx context.Context, flow Flow) error
	// ClaimFlow takes the flow of a state and a browser away: one caller gets
	// it. Faults: ErrFlowUnknown.
	ClaimFlow(ctx context.Context, stateHash, browserHash []byte) (Flow, error)

	PutPending(ctx context.Context, p Pending) error
	// PendingByToken returns a session, over or not. Faults: ErrPendingUnknown.
	PendingByToken(ctx context.Context, tokenHash []byte) (Pending, error)
	// SetPendingEmail notes an address typed, unverified, and the code sent to it.
	SetPendingEmail(ctx context.Context, id uuid.UUID, email string, codeHash []byte, expires time.Time) error
	// SetEmailVerified notes that the code was right, if the address is still
	// this one, and spends the code.
	SetEmailVerified(ctx context.Context, id uuid.UUID, email string, at time.Time) error
	// TakeCodeTry counts one more try of the mailed code; false when limit of
	// them were made. It comes before the code is looked at: of many tries at
	// once, no more than limit are told anything.
	TakeCodeTry(ctx context.Context, id uuid.UUID, limit int) (bool, error)
	// SetProof notes what was proven of which account, in place of what was.
	SetProof(ctx context.Context, id uuid.UUID, proven Proven) error
	CountWrongProof(ctx context.Context, id uuid.UUID) error
	// ClaimPending consumes a live session and returns it as it stands in the
	// statement that did; one caller gets it. Faults: ErrPendingUnknown.
	ClaimPending(ctx context.Context, id uuid.UUID, at time.Time) (Pending, error)
	DropPending(ctx context.Context, id uuid.UUID) error
	PutDecision(ctx context.Context, d Decision) error
}

// Proven is what was proven of an account, and when.
type Proven struct {
	UserID     uuid.UUID
	PasswordAt *time.Time
	TOTPAt     *time.Time
	SessionAt  *time.Time // a live session of it
}

// Decision is what a person chose to take over.
type Decision struct {
	ID         uuid.UUID
	PendingID  uuid.UUID
	UserID     uuid.UUID
	IdentityID uuid.UUID
	Choices    Choices
	At         time.Time
}
