package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tessera/fault"
	"tessera/store/ent/accountdb"
	entsetting "tessera/store/ent/accountdb/setting"
)

// ErrPolicyChanged is of a save that is based on an older version than the one
// that stands.
var ErrPolicyChanged = fault.Declare(fault.Conflict, "policy.changed_meanwhile",
	"Somebody else saved this policy in between.", "Load it again, and make your change there.")

// Policy is one versioned document that a room owns: what an administrator
// decides at run time. It is safe for concurrent use.
type Policy[T any] struct {
	db *DB
	id string
}

// PolicyOf returns the policy that is kept under a name.
func PolicyOf[T any](db *DB, name string) Policy[T] { return Policy[T]{db: db, id: "policy." + name} }

// Load returns the policy and its version; the zero policy and version 0
// where none was ever saved.
func (p Policy[T]) Load(ctx context.Context) (value T, version int64, err error) {
	row, err := p.db.accounts(ctx).Setting.Get(ctx, p.id)
	if accountdb.IsNotFound(err) {
		return value, 0, nil
	}
	if err != nil {
		return value, 0, fmt.Errorf("read policy: %w", err)
	}
	if err := json.Unmarshal(row.Document, &value); err != nil {
		return value, 0, fmt.Errorf("read policy %s: %w", p.id, err)
	}
	return value, row.Version, nil
}

// Save writes the policy where its version is still the one that was loaded,
// and returns the new version. Faults: ErrPolicyChanged.
func (p Policy[T]) Save(ctx context.Context, value T, loaded int64, now time.Time) (int64, error) {
	document, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	client := p.db.accounts(ctx).Setting
	if loaded == 0 {
		err := client.Create().SetID(p.id).SetDocument(document).SetVersion(1).SetUpdatedAt(utc(now)).Exec(ctx)
		if accountdb.IsConstraintError(err) {
			return 0, ErrPolicyChanged.Because(err)
		}
		if err != nil {
			return 0, fmt.Errorf("write policy: %w", err)
		}
		return 1, nil
	}
	n, err := client.Update().Where(entsetting.ID(p.id), entsetting.Version(loaded)).
		SetDocument(document).AddVersion(1).SetUpdatedAt(utc(now)).Save(ctx)
	if err != nil {
		return 0, fmt.Errorf("write policy: %w", err)
	}
	if n == 0 {
		return 0, ErrPolicyChanged
	}
	return loaded + 1, nil
}
