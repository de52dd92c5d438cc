package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/mfafactor"
	"tessera/store/ent/accountdb/passkey"
	"tessera/store/ent/accountdb/predicate"
	"tessera/store/ent/accountdb/recoverycode"
	"tessera/store/ent/accountdb/webauthnchallenge"
)

// Passkeys implements identity.PasskeyStore.
type Passkeys struct{ db *DB }

// Passkeys returns the store of passkeys.
func (db *DB) Passkeys() *Passkeys { return &Passkeys{db} }

var _ identity.PasskeyStore = (*Passkeys)(nil)

// Passkeys implements identity.PasskeyStore.
func (s *Passkeys) Passkeys(ctx context.Context, userID uuid.UUID) ([]identity.Passkey, error) {
	rows, err := s.db.accounts(ctx).Passkey.Query().Where(passkey.UserID(userID)).
		Order(passkey.ByCreatedAt(), passkey.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	all := make([]identity.Passkey, len(rows))
	for i, r := range rows {
		all[i] = identity.Passkey{
			ID: r.ID, UserID: r.UserID, CredentialID: r.CredentialID, PublicKey: r.PublicKey, AAGUID: r.Aaguid,
			SignCount: uint32(r.SignCount), Transports: r.Transports, Attachment: r.Attachment, AttestationType: r.AttestationType, //nolint:gosec // written from one
			IsUserVerified: r.IsUserVerified, IsBackupEligible: r.IsBackupEligible, IsBackedUp: r.IsBackedUp,
			FriendlyName: r.FriendlyName, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt), LastUsedAt: utcOrNil(r.LastUsedAt),
		}
	}
	return all, nil
}

// CountPasskeys implements identity.PasskeyStore.
func (s *Passkeys) CountPasskeys(ctx context.Context, userID uuid.UUID) (int, error) {
	n, err := s.db.accounts(ctx).Passkey.Query().Where(passkey.UserID(userID)).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count passkeys: %w", err)
	}
	return n, nil
}

// PutPasskey implements identity.PasskeyStore.
func (s *Passkeys) PutPasskey(ctx context.Context, p identity.Passkey) error {
	err := s.db.accounts(ctx).Passkey.Create().SetID(p.ID).SetUserID(p.UserID).SetCredentialID(p.CredentialID).
		SetPublicKey(p.PublicKey).SetAaguid(p.AAGUID).SetSignCount(int64(p.SignCount)).SetTransports(p.Transports).
		SetAttachment(p.Attachment).SetAttestationType(p.AttestationType).SetIsUserVerified(p.IsUserVerified).
		SetIsBackupEligible(p.IsBackupEligible).SetIsBackedUp(p.IsBackedUp).SetFriendlyName(p.FriendlyName).
		SetCreatedAt(utc(p.CreatedAt)).SetUpdatedAt(utc(p.UpdatedAt)).Exec(ctx)
	if accountdb.IsConstraintError(err) {
		return identity.ErrPasskeyTaken.Because(err)
	}
	if err != nil {
		return fmt.Errorf("write passkey: %w", err)
	}
	return nil
}

// RenamePasskey implements identity.PasskeyStore.
func (s *Passkeys) RenamePasskey(ctx context.Context, id uuid.UUID, name string, at time.Time) error {
	err := s.db.accounts(ctx).Passkey.Update().Where(passkey.ID(id)).SetFriendlyName(name).SetUpdatedAt(utc(at)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rename passkey: %w", err)
	}
	return nil
}

// UsePasskey implements identity.PasskeyStore. The conditional update decides
// between two that come with one count.
func (s *Passkeys) UsePasskey(ctx context.Context, used identity.Passkey) (bool, error) {
	count := int64(used.SignCount)
	isNewer := []predicate.Passkey{passkey.SignCountLT(count)}
	if count == 0 {
		isNewer = []predicate.Passkey{passkey.SignCount(0)}
	}
	update := s.db.accounts(ctx).Passkey.Update().Where(append(isNewer, passkey.ID(used.ID))...).
		SetSignCount(count).SetIsBackedUp(used.IsBackedUp).SetUpdatedAt(utc(used.UpdatedAt)).
		SetNillableLastUsedAt(utcOrNil(used.LastUsedAt))
	n, err := update.Save(ctx)
	if err != nil {
		return false, fmt.Errorf("use passkey: %w", err)
	}
	return n == 1, nil
}

// DeletePasskey implements identity.PasskeyStore.
func (s *Passkeys) DeletePasskey(ctx context.Context, id uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).Passkey.Delete().Where(passkey.ID(id)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("delete passkey: %w", err)
	}
	return n == 1, nil
}

// PutCeremony implements identity.PasskeyStore.
func (s *Passkeys) PutCeremony(ctx context.Context, c identity.Ceremony) error {
	create := s.db.accounts(ctx).WebAuthnChallenge.Create().SetID(c.ID).SetPurpose(string(c.Purpose)).
		SetSessionData(c.Session).SetCreatedAt(utc(c.CreatedAt)).SetExpiresAt(utc(c.ExpiresAt))
	if c.UserID != uuid.Nil {
		create.SetUserID(c.UserID)
	}
	if err := create.Exec(ctx); err != nil {
		return fmt.Errorf("write ceremony: %w", err)
	}
	return nil
}

// TakeCeremony implements identity.PasskeyStore: the deletion decides who took
// it.
func (s *Passkeys) TakeCeremony(ctx context.Context, id uuid.UUID, purpose identity.Purpose, userID uuid.UUID) (taken identity.Ceremony, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).WebAuthnChallenge
		of := webauthnchallenge.UserIDIsNil()
		if userID != uuid.Nil {
			of = webauthnchallenge.UserID(userID)
		}
		row, err := client.Query().Where(webauthnchallenge.ID(id), webauthnchallenge.Purpose(string(purpose)), of).Only(ctx)
		if accountdb.IsNotFound(err) {
			return identity.ErrCeremonyGone
		}
		if err != nil {
			return fmt.Errorf("read ceremony: %w", err)
		}
		n, err := client.Delete().Where(webauthnchallenge.ID(id)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("take ceremony: %w", err)
		}
		if n == 0 {
			return identity.ErrCeremonyGone
		}
		taken = identity.Ceremony{
			ID: row.ID, UserID: userID, Purpose: purpose, Session: row.SessionData,
			CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt),
		}
		return nil
	})
	return taken, err
}

// PurgeCeremonies implements identity.PasskeyStore.
func (s *Passkeys) PurgeCeremonies(ctx context.Context, before time.Time) error {
	_, err := s.db.accounts(ctx).WebAuthnChallenge.Delete().Where(webauthnchallenge.ExpiresAtLT(utc(before))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("purge ceremonies: %w", err)
	}
	return nil
}

// DropCredentials implements identity.Store.
func (s *Users) DropCredentials(ctx context.Context, userID uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx)
		if _, err := client.Passkey.Delete().Where(passkey.UserID(userID)).Exec(ctx); err != nil {
			return fmt.Errorf("drop passkeys: %w", err)
		}
		if _, err := client.MFAFactor.Delete().Where(mfafactor.UserID(userID)).Exec(ctx); err != nil {
			return fmt.Errorf("drop factors: %w", err)
		}
		if _, err := client.RecoveryCode.Delete().Where(recoverycode.UserID(userID)).Exec(ctx); err != nil {
			return fmt.Errorf("drop recovery codes: %w", err)
		}
		return nil
	})
}
