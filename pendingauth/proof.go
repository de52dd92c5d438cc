package pendingauth

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"tessera/identity"
)

// Credentials are an account's, as its owner types them.
type Credentials struct {
	Email    string
	Password string
	TOTP     string // or a recovery code; "" where the account has no second factor, or before it was asked for
}

// Prove takes the credentials of the account that the identity is to be bound
// to. What was proven is kept with the session, so that the second factor can
// follow in a request of its own.
//
// Faults: ErrPendingUnknown, ErrTooManyProofs, ErrTOTPRequired, and those of
// identity.Service.Authenticate and SecondFactor.Verify.
func (s *Service) Prove(ctx context.Context, cookie string, c Credentials) (Pending, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return Pending{}, err
	}
	if p.ProofAttempts >= maxProofs {
		return Pending{}, ErrTooManyProofs
	}
	user, err := s.Accounts.Authenticate(ctx, c.Email, c.Password)
	if err != nil {
		return Pending{}, s.countProof(ctx, p, err)
	}
	now := s.Now()
	proven := Proven{UserID: user.ID, PasswordAt: &now}
	needed, err := s.SecondFactor.Enabled(ctx, user.ID)
	if err != nil {
		return Pending{}, err
	}
	if needed && c.TOTP == "" {
		if err := s.Store.SetProof(ctx, p.ID, proven); err != nil {
			return Pending{}, err
		}
		return Pending{}, ErrTOTPRequired.On("totp", "is missing")
	}
	if needed {
		if _, err := s.SecondFactor.Verify(ctx, user.ID, c.TOTP); err != nil {
			return Pending{}, s.countProof(ctx, p, err)
		}
		proven.TOTPAt = &now
	}
	if err := s.Store.SetProof(ctx, p.ID, proven); err != nil {
		return Pending{}, err
	}
	return s.Summary(ctx, cookie)
}

// ProveBySession takes a live session of the account instead: whoever is
// signed in to it has proven it already.
func (s *Service) ProveBySession(ctx context.Context, cookie string, proof Proof) (Pending, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return Pending{}, err
	}
	now := s.Now()
	if err := s.Store.SetProof(ctx, p.ID, Proven{UserID: proof.User.ID, SessionAt: &now}); err != nil {
		return Pending{}, err
	}
	return s.Summary(ctx, cookie)
}

// countProof counts a wrong proof. Our own failures do not count.
func (s *Service) countProof(ctx context.Context, p Pending, err error) error {
	if errors.Is(err, identity.ErrHashingBusy) {
		return err
	}
	return errors.Join(s.Store.CountWrongProof(ctx, p.ID), err)
}

// SecondFactor is the second factor of an account, where it has one.
type SecondFactor interface {
	// Enabled reports whether the account has one.
	Enabled(ctx context.Context, userID uuid.UUID) (bool, error)
	// Verify takes a code once, of an app or a recovery code, and says which.
	// Faults: its own, of a wrong or used code.
	Verify(ctx context.Context, userID uuid.UUID, code string) (isRecovery bool, err error)
}
