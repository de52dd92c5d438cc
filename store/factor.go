package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/mfafactor"
)

// Factors implements identity.FactorStore.
type Factors struct{ db *DB }

// Factors returns the store of second factors.
func (db *DB) Factors() *Factors { return &Factors{db} }

var _ identity.FactorStore = (*Factors)(nil)

// States of a factor.
const (
	factorUnverified = "unverified"
	factorVerified   = "verified"
)

// PutFactor implements identity.FactorStore.
func (s *Factors) PutFactor(ctx context.Context, f identity.Factor) error {
	err := s.db.accounts(ctx).MFAFactor.Create().SetID(f.ID).SetUserID(f.UserID).SetKind(f.Kind).
		SetFriendlyName(f.FriendlyName).SetStatus(factorUnverified).SetSecretSealed(f.SecretSealed).
		SetCreatedAt(utc(f.CreatedAt)).SetUpdatedAt(utc(f.UpdatedAt)).Exec(ctx)
	if accountdb.IsConstraintError(err) {
		return identity.ErrFactorNameTaken.On("friendly_name", "is in use").Because(err)
	}
	if err != nil {
		return fmt.Errorf("write factor: %w", err)
	}
	return nil
}

// Factors implements identity.FactorStore.
func (s *Factors) Factors(ctx context.Context, userID uuid.UUID) ([]identity.Factor, error) {
	rows, err := s.db.accounts(ctx).MFAFactor.Query().Where(mfafactor.UserID(userID)).
		Order(mfafactor.ByCreatedAt(), mfafactor.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read factors: %w", err)
	}
	factors := make([]identity.Factor, len(rows))
	for i, r := range rows {
		factors[i] = factorOf(r)
	}
	return factors, nil
}

func factorOf(r *accountdb.MFAFactor) identity.Factor {
	return identity.Factor{
		ID: r.ID, UserID: r.UserID, Kind: r.Kind, FriendlyName: r.FriendlyName, IsVerified: r.Status == factorVerified,
		SecretSealed: r.SecretSealed, LastStep: r.LastStep, Failures: r.Failures, LockedUntil: utcOrNil(r.LockedUntil),
		LastChallenged: utcOrNil(r.LastChallengedAt), CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

// DeleteFactor implements identity.FactorStore.
func (s *Factors) DeleteFactor(ctx context.Context, id uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).MFAFactor.Delete().Where(mfafactor.ID(id)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("delete factor: %w", err)
	}
	return n == 1, nil
}

// TakeStep implements identity.FactorStore.
func (s *Factors) TakeStep(ctx context.Context, id uuid.UUID, step int64, at time.Time) (bool, error) {
	n, err := s.db.accounts(ctx).MFAFactor.Update().Where(mfafactor.ID(id), mfafactor.LastStepLT(step)).
		SetLastStep(step).SetStatus(factorVerified).SetFailures(0).ClearLockedUntil().SetUpdatedAt(utc(at)).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("take time step: %w", err)
	}
	return n == 1, nil
}

// CountAttempt implements identity.FactorStore. The update decides, and its row
// lock makes others wait to be counted after it.
func (s *Factors) CountAttempt(ctx context.Context, id uuid.UUID, at time.Time) (attempts int, lockedUntil *time.Time, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).MFAFactor
		n, err := client.Update().Where(mfafactor.ID(id),
			mfafactor.Or(mfafactor.LockedUntilIsNil(), mfafactor.LockedUntilLTE(utc(at)))).AddFailures(1).Save(ctx)
		if err != nil {
			return fmt.Errorf("count attempt: %w", err)
		}
		row, err := client.Get(ctx, id)
		if accountdb.IsNotFound(err) {
			return identity.ErrFactorNotFound
		}
		if err != nil {
			return fmt.Errorf("read attempts: %w", err)
		}
		attempts, lockedUntil = row.Failures, nil
		if n == 0 {
			lockedUntil = utcOrNil(row.LockedUntil)
		}
		return nil
	})
	return attempts, lockedUntil, err
}

// LockFactor implements identity.FactorStore.
func (s *Factors) LockFactor(ctx context.Context, id uuid.UUID, until time.Time) error {
	if err := s.db.accounts(ctx).MFAFactor.Update().Where(mfafactor.ID(id)).SetLockedUntil(utc(until)).Exec(ctx); err != nil {
		return fmt.Errorf("lock factor: %w", err)
	}
	return nil
}

// ClearAttempts implements identity.FactorStore.
func (s *Factors) ClearAttempts(ctx context.Context, id uuid.UUID) error {
	err := s.db.accounts(ctx).MFAFactor.Update().Where(mfafactor.ID(id)).SetFailures(0).ClearLockedUntil().Exec(ctx)
	if err != nil {
		return fmt.Errorf("clear attempts: %w", err)
	}
	return nil
}

// PutChallenge implements identity.FactorStore.
func (s *Factors) PutChallenge(ctx context.Context, c identity.Challenge) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx)
		err := client.MFAChallenge.Create().SetID(c.ID).SetFactorID(c.FactorID).
			SetCreatedAt(utc(c.CreatedAt)).SetExpiresAt(utc(c.ExpiresAt)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write challenge: %w", err)
		}
		if err := client.MFAFactor.UpdateOneID(c.FactorID).SetLastChallengedAt(utc(c.CreatedAt)).Exec(ctx); err != nil {
			return fmt.Errorf("note challenge: %w", err)
		}
		return nil
	})
}

// Challenge implements identity.FactorStore.
func (s *Factors) Challenge(ctx context.Context, id uuid.UUID) (identity.Challenge, error) {
	row, err := s.db.accounts(ctx).MFAChallenge.Get(ctx, id)
	if accountdb.IsNotFound(err) {
		return identity.Challenge{}, identity.ErrChallengeGone
	}
	if err != nil {
		return identity.Challenge{}, fmt.Errorf("read challenge: %w", err)
	}
	return identity.Challenge{
		ID: row.ID, FactorID: row.FactorID, CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt),
	}, nil
}
