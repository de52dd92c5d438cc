package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// AdminChange is what an administrator changes about an account. "", nil and
// false leave a thing as it is.
type AdminChange struct {
	Email        string
	IsConfirmed  bool // the address counts as proven
	Password     *string
	PasswordHash string
	Role         string
	UserMetadata map[string]any // merged; null takes a key away
	AppMetadata  map[string]any // likewise
	SetsBan      bool
	BannedUntil  *time.Time // with SetsBan; nil lifts the ban
}

// AdminChange applies a change, all of it or nothing. Faults: those of
// NormalizeEmail, CheckPassword, CheckImportedHash, CheckRole, ErrEmailTaken,
// ErrMetadataTooLarge, ErrLastAdministrator.
func (s *Service) AdminChange(ctx context.Context, id uuid.UUID, c AdminChange) (User, error) {
	if c.Role != "" {
		if err := CheckRole(c.Role); err != nil {
			return User{}, err
		}
	}
	hash := c.PasswordHash
	if hash != "" {
		if err := CheckImportedHash(hash); err != nil {
			return User{}, err
		}
	}
	if c.Password != nil && *c.Password != "" {
		var err error
		if hash, err = s.HashPassword(ctx, *c.Password); err != nil {
			return User{}, err
		}
	}
	var user User
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		user, err = s.Modify(ctx, id, ActionModified, func(u *User) error {
			if hash != "" {
				u.PasswordHash = hash
			}
			if c.Role != "" {
				u.Role = c.Role
			}
			if c.SetsBan {
				u.BannedUntil = c.BannedUntil
				if s.Admit(*u) != nil {
					if err := s.keepAdministrator(ctx, *u); err != nil {
						return err
					}
				}
			}
			var err error
			if u.UserMetadata, err = ChangeMetadata("user_metadata", u.UserMetadata, c.UserMetadata); err != nil {
				return err
			}
			u.AppMetadata, err = ChangeMetadata("app_metadata", u.AppMetadata, c.AppMetadata)
			return err
		})
		if err != nil {
			return err
		}
		if c.Email != "" {
			user, err = s.SetEmail(ctx, id, c.Email, c.IsConfirmed || user.IsConfirmed())
			return err
		}
		if c.IsConfirmed {
			user, err = s.ConfirmEmail(ctx, id)
		}
		return err
	})
	return user, err
}
