package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"
)

// Delete removes a user and everything that hangs on it. Fault:
// ErrLastAdministrator.
func (s *Service) Delete(ctx context.Context, id uuid.UUID) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		user, err := s.Store.User(ctx, id)
		if err != nil {
			return err
		}
		if err := s.keepAdministrator(ctx, user); err != nil {
			return err
		}
		if err := s.Record(ctx, ActionDeleted, user, nil); err != nil {
			return err
		}
		return s.Store.DeleteUser(ctx, id)
	})
}

// SoftDelete keeps the row, for what refers to it, and takes everything away
// that names the person or lets them in. The address is replaced by a hash, so
// that it is free again and can still be recognised by who has it. Fault:
// ErrLastAdministrator.
func (s *Service) SoftDelete(ctx context.Context, id uuid.UUID) error {
	now := s.Now()
	return s.InTx(ctx, func(ctx context.Context) error {
		user, err := s.Store.ChangeUser(ctx, id, func(u *User) error {
			if err := s.keepAdministrator(ctx, *u); err != nil {
				return err
			}
			*u = User{
				ID: u.ID, Email: obscure(u.ID, u.Email), EmailConfirmedAt: u.EmailConfirmedAt, Role: u.Role,
				SignupSource: u.SignupSource, LastSignInAt: u.LastSignInAt, LastActiveAt: u.LastActiveAt,
				BannedUntil: u.BannedUntil, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
				AppMetadata: map[string]any{}, UserMetadata: map[string]any{}, DeletedAt: &now, Identities: u.Identities,
			}
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := s.Store.DeleteAvatar(ctx, id); err != nil {
			return err
		}
		if err := s.Store.DropCredentials(ctx, id); err != nil {
			return err
		}
		for _, identity := range user.Identities {
			identity.ProviderSubject = obscure(user.ID, identity.ProviderSubject)
			identity.Email, identity.Claims, identity.UpdatedAt = "", nil, now
			if err := s.Store.ChangeIdentity(ctx, identity); err != nil {
				return err
			}
		}
		return s.Record(ctx, ActionDeleted, user, map[string]any{"soft": true})
	})
}

// obscure is a one-way name for a value of a user.
func obscure(id uuid.UUID, value string) string {
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id.String() + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
