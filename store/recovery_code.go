package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/recoverycode"
)

// RecoveryCodes implements identity.FactorStore.
func (s *Factors) RecoveryCodes(ctx context.Context, userID uuid.UUID) ([]identity.RecoveryCode, error) {
	rows, err := s.db.accounts(ctx).RecoveryCode.Query().Where(recoverycode.UserID(userID)).
		Order(recoverycode.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read recovery codes: %w", err)
	}
	codes := make([]identity.RecoveryCode, len(rows))
	for i, r := range rows {
		codes[i] = identity.RecoveryCode{
			ID: r.ID, UserID: r.UserID, Hash: r.CodeHash, CreatedAt: utc(r.CreatedAt), UsedAt: utcOrNil(r.UsedAt),
		}
	}
	return codes, nil
}

// ReplaceRecoveryCodes implements identity.FactorStore.
func (s *Factors) ReplaceRecoveryCodes(ctx context.Context, userID uuid.UUID, codes []identity.RecoveryCode) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).RecoveryCode
		if _, err := client.Delete().Where(recoverycode.UserID(userID)).Exec(ctx); err != nil {
			return fmt.Errorf("drop recovery codes: %w", err)
		}
		err := client.MapCreateBulk(codes, func(c *accountdb.RecoveryCodeCreate, i int) {
			c.SetID(codes[i].ID).SetUserID(codes[i].UserID).SetCodeHash(codes[i].Hash).SetCreatedAt(utc(codes[i].CreatedAt))
		}).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write recovery codes: %w", err)
		}
		return nil
	})
}

// TakeRecoveryCode implements identity.FactorStore: the conditional update
// decides who took it.
func (s *Factors) TakeRecoveryCode(ctx context.Context, userID uuid.UUID, hash []byte, at time.Time) (bool, error) {
	n, err := s.db.accounts(ctx).RecoveryCode.Update().
		Where(recoverycode.UserID(userID), recoverycode.CodeHash(hash), recoverycode.UsedAtIsNil()).SetUsedAt(utc(at)).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("take recovery code: %w", err)
	}
	return n == 1, nil
}
