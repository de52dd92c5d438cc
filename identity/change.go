package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// ConfirmEmail notes that the user proved the sign-in address. It does
// nothing to one that is confirmed.
func (s *Service) ConfirmEmail(ctx context.Context, id uuid.UUID) (User, error) {
	now := s.Now()
	var first bool
	var user User
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		user, err = s.Store.ChangeUser(ctx, id, func(u *User) error {
			first = !u.IsConfirmed() && u.Email != ""
			if first {
				u.EmailConfirmedAt = &now
				u.UserMetadata = MergeMetadata(u.UserMetadata, map[string]any{"email_verified": true})
			}
			return nil
		})
		if err != nil || !first {
			return err
		}
		if err := s.markEmailVerified(ctx, &user, now); err != nil {
			return err
		}
		return s.Record(ctx, ActionConfirmed, user, nil)
	})
	return user, err
}

func (s *Service) markEmailVerified(ctx context.Context, user *User, now time.Time) error {
	for i := range user.Identities {
		identity := &user.Identities[i]
		if identity.Key != EmailKey(user.Email) {
			continue
		}
		identity.VerifiedAt = &now
		identity.Claims = MergeMetadata(identity.Claims, map[string]any{"email_verified": true})
		identity.UpdatedAt = now
		if err := s.Store.ChangeIdentity(ctx, *identity); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword gives the user a new password. Faults: those of CheckPassword,
// ErrPasswordSame, ErrHashingBusy.
func (s *Service) SetPassword(ctx context.Context, id uuid.UUID, password string) (User, error) {
	if err := CheckPassword(password, s.minPassword()); err != nil {
		return User{}, err
	}
	user, err := s.Store.User(ctx, id)
	if err != nil {
		return User{}, err
	}
	if user.PasswordHash != "" {
		same, _, err := s.Hasher.Verify(ctx, user.PasswordHash, password)
		if err != nil {
			return User{}, err
		}
		if same {
			return User{}, ErrPasswordSame.On("password", "is the present one")
		}
	}
	hash, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	return s.StorePasswordHash(ctx, id, hash)
}

// StorePasswordHash sets a hash that was computed or checked before.
func (s *Service) StorePasswordHash(ctx context.Context, id uuid.UUID, hash string) (User, error) {
	return s.Modify(ctx, id, ActionPasswordChanged, func(u *User) error {
		u.PasswordHash = hash
		return nil
	})
}

// HashPassword checks and hashes a password that an administrator sets.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password, s.minPassword()); err != nil {
		return "", err
	}
	return s.Hasher.Hash(ctx, password)
}

// Modify changes a user and records it under the given action.
func (s *Service) Modify(ctx context.Context, id uuid.UUID, action Action, change func(*User) error) (User, error) {
	var user User
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		if user, err = s.Store.ChangeUser(ctx, id, change); err != nil {
			return err
		}
		return s.Record(ctx, action, user, nil)
	})
	return user, err
}

// SetEmail makes address, which the user has proven or an administrator
// vouches for, the sign-in address: the user and the e-mail identity change
// together. Faults: those of NormalizeEmail, ErrEmailTaken.
func (s *Service) SetEmail(ctx context.Context, id uuid.UUID, address string, isConfirmed bool) (User, error) {
	email, err := NormalizeEmail(address)
	if err != nil {
		return User{}, err
	}
	now := s.Now()
	var user User
	err = s.InTx(ctx, func(ctx context.Context) error {
		var previous string
		user, err = s.Store.ChangeUser(ctx, id, func(u *User) error {
			previous = u.Email
			u.Email, u.NewEmail, u.EmailChangeSent, u.IsAnonymous = email, "", nil, false
			u.EmailConfirmedAt = nil
			if isConfirmed {
				u.EmailConfirmedAt = &now
			}
			u.UserMetadata = MergeMetadata(u.UserMetadata, map[string]any{
				"sub": u.ID.String(), "email": email, "email_verified": isConfirmed, "phone_verified": false,
			})
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.moveEmailIdentity(ctx, &user, previous, now); err != nil {
			return err
		}
		return s.Record(ctx, ActionEmailChanged, user, nil)
	})
	return user, err
}

// moveEmailIdentity renames the identity of the previous address, or adds one
// where there was none (an anonymous user who now has an address).
func (s *Service) moveEmailIdentity(ctx context.Context, user *User, previous string, now time.Time) error {
	claims := emailClaims(*user, nil, OriginBind)
	for i := range user.Identities {
		identity := &user.Identities[i]
		if previous != "" && identity.Key == EmailKey(previous) {
			identity.Key, identity.Email = EmailKey(user.Email), user.Email
			identity.Claims = MergeMetadata(identity.Claims, claims)
			identity.VerifiedAt, identity.UpdatedAt = user.EmailConfirmedAt, now
			return s.Store.ChangeIdentity(ctx, *identity)
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	added := Identity{
		ID: id, UserID: user.ID, Key: EmailKey(user.Email), Email: user.Email, Claims: claims, Origin: OriginBind,
		VerifiedAt: user.EmailConfirmedAt, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.Store.AddIdentity(ctx, added); err != nil {
		return err
	}
	user.Identities = append(user.Identities, added)
	changed, err := s.Store.ChangeUser(ctx, user.ID, func(u *User) error {
		u.AppMetadata = MergeMetadata(u.AppMetadata, providerMetadata(*user))
		return nil
	})
	if err != nil {
		return err
	}
	*user = changed
	return nil
}
