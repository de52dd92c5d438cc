package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tessera/session/token"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/signingkey"
)

// SigningKeys implements token.KeyStore.
type SigningKeys struct{ db *DB }

// SigningKeys returns the store of signing keys.
func (db *DB) SigningKeys() *SigningKeys { return &SigningKeys{db} }

var _ token.KeyStore = (*SigningKeys)(nil)

// SigningKeys implements token.KeyStore.
func (s *SigningKeys) SigningKeys(ctx context.Context) ([]token.StoredKey, error) {
	rows, err := s.db.accounts(ctx).SigningKey.Query().
		Order(signingkey.ByCreatedAt(), signingkey.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	keys := make([]token.StoredKey, len(rows))
	for i, r := range rows {
		keys[i] = token.StoredKey{
			ID: r.ID, Alg: r.Alg, State: token.KeyState(r.State),
			PrivateSealed: r.PrivateSealed, PublicJWK: r.PublicJwk,
			CreatedAt: utc(r.CreatedAt), ActivatedAt: timeOrZero(r.ActivatedAt),
			RetiredAt: timeOrZero(r.RetiredAt), VerifyUntil: timeOrZero(r.VerifyUntil),
		}
	}
	return keys, nil
}

// AddSigningKey implements token.KeyStore. The partial unique index on state
// decides between replicas; DO NOTHING keeps a transaction usable that lost.
func (s *SigningKeys) AddSigningKey(ctx context.Context, k token.StoredKey) (bool, error) {
	result, err := s.db.exec(ctx, `INSERT INTO signing_keys
		(id, alg, private_sealed, public_jwk, state, created_at, activated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		k.ID, k.Alg, k.PrivateSealed, k.PublicJWK, string(k.State), utc(k.CreatedAt), timeOrNil(k.ActivatedAt))
	if err != nil {
		return false, fmt.Errorf("add signing key: %w", err)
	}
	added, err := result.RowsAffected()
	return added == 1, err
}

// errRaced rolls a rotation back that found the keys in other states.
var errRaced = errors.New("signing keys are not in the expected states")

// RotateSigningKeys implements token.KeyStore. Both conditional updates hit
// one row or the whole rotation is undone; the second of two that race waits
// for the first and then finds nothing to retire.
func (s *SigningKeys) RotateSigningKeys(ctx context.Context, r token.Rotation) (bool, error) {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).SigningKey
		// The private half of a key that never signs again is of use to a thief only.
		retired, err := client.Update().
			Where(signingkey.ID(r.Retire), signingkey.State(string(token.KeyActive))).
			SetState(string(token.KeyRetired)).SetPrivateSealed([]byte{}).
			SetRetiredAt(utc(r.At)).SetVerifyUntil(utc(r.VerifyUntil)).Save(ctx)
		if err != nil {
			return err
		}
		if retired != 1 {
			return errRaced
		}
		activated, err := client.Update().
			Where(signingkey.ID(r.Activate), signingkey.State(string(token.KeyStandby))).
			SetState(string(token.KeyActive)).SetActivatedAt(utc(r.At)).Save(ctx)
		if err != nil {
			return err
		}
		if activated != 1 {
			return errRaced
		}
		added, err := s.AddSigningKey(ctx, r.Next)
		if err == nil && !added {
			err = errRaced
		}
		return err
	})
	if errors.Is(err, errRaced) || accountdb.IsConstraintError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("rotate signing keys: %w", err)
	}
	return true, nil
}

// timeOrZero reads a time that may not have come.
func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return utc(*t)
}

// timeOrNil is the way back: a zero time is stored as NULL.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return utcOrNil(&t)
}
