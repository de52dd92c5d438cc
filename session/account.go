package session

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"tessera/identity"
)

// noSession is the exception of EndSessions when there is none.
var noSession = uuid.Nil

// Update is what a signed-in person changes about the account. A nil field
// stays as it is.
type Update struct {
	Email           *string
	Password        *string
	CurrentPassword string // checked when given
	Nonce           string // the code of a reauthentication mail; alone it confirms access
	Data            map[string]any
	Flow            Flow
}

// UpdateUser applies an update for the user of a session. A new password ends
// the user's other sessions; a new address waits for its mails.
//
// Faults: those of identity.SetPassword and NormalizeEmail, identity.ErrEmailTaken,
// ErrSecondFactorNeeded, ErrConfirmationNeeded, ErrNonceWrong,
// ErrCurrentPasswordWrong, ErrMailTooSoon, identity.ErrMetadataTooLarge.
func (s *Service) UpdateUser(ctx context.Context, user identity.User, from Session, u Update) (identity.User, error) {
	err := s.allow(ctx, user, from, u)
	if err != nil {
		return identity.User{}, err
	}
	if u.Password != nil {
		if user, err = s.changePassword(ctx, user, from, u); err != nil {
			return identity.User{}, err
		}
	}
	if u.Data != nil {
		user, err = s.Accounts.Modify(ctx, user.ID, identity.ActionModified, func(target *identity.User) error {
			var err error
			target.UserMetadata, err = identity.ChangeMetadata("data", target.UserMetadata, u.Data)
			return err
		})
		if err != nil {
			return identity.User{}, err
		}
	}
	if u.Email != nil {
		if user, err = s.requestEmailChange(ctx, user, *u.Email, u.Flow); err != nil {
			return identity.User{}, err
		}
	}
	return user, nil
}

// allow holds an update against what its session has proven. A nonce is a
// proof too, and confirms access by itself.
func (s *Service) allow(ctx context.Context, user identity.User, from Session, u Update) error {
	if u.Password == nil && !u.changesEmail(user) && u.Nonce == "" {
		return nil
	}
	err := s.RequireConfirmed(user, from)
	if errors.Is(err, ErrConfirmationNeeded) && u.Nonce != "" {
		_, err = s.Confirm(ctx, user, from, Proof{EmailCode: u.Nonce})
	}
	return err
}

// changesEmail reports whether an update asks for another address; one that is
// malformed is refused later, by its own name.
func (u Update) changesEmail(user identity.User) bool {
	if u.Email == nil {
		return false
	}
	email, err := identity.NormalizeEmail(*u.Email)
	return err != nil || email != user.Email
}

func (s *Service) changePassword(ctx context.Context, user identity.User, from Session, u Update) (identity.User, error) {
	if u.CurrentPassword != "" {
		matches, _, err := s.Accounts.Hasher.Verify(ctx, user.PasswordHash, u.CurrentPassword)
		if err != nil {
			return identity.User{}, err
		}
		if !matches {
			return identity.User{}, ErrCurrentPasswordWrong.On("current_password", "is not the present password")
		}
	}
	user, err := s.Accounts.SetPassword(ctx, user.ID, *u.Password)
	if err != nil {
		return identity.User{}, err
	}
	return user, s.Store.EndSessions(ctx, user.ID, from.ID)
}

// requestEmailChange mails the wanted address and, unless configured
// otherwise, the present one; the change happens when all have confirmed.
func (s *Service) requestEmailChange(ctx context.Context, user identity.User, wanted string, flow Flow) (identity.User, error) {
	email, err := identity.NormalizeEmail(wanted)
	if err != nil {
		return identity.User{}, err
	}
	if email == user.Email {
		return user, nil
	}
	if _, err := s.Accounts.Store.UserByEmail(ctx, email); err == nil {
		return identity.User{}, identity.ErrEmailTaken.On("email", "has an account")
	}
	if err := s.Pace(ctx, KindEmailChangeNew, email); err != nil {
		return identity.User{}, err
	}
	now := s.Now()
	err = s.InTx(ctx, func(ctx context.Context) error {
		user, err = s.Accounts.Modify(ctx, user.ID, identity.ActionEmailChange, func(u *identity.User) error {
			u.NewEmail, u.EmailChangeSent = email, &now
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := s.issue(ctx, user, KindEmailChangeNew, email, flow); err != nil {
			return err
		}
		if user.Email == "" || !s.Config.SecureEmailChange {
			return nil
		}
		_, err := s.issue(ctx, user, KindEmailChangeCurrent, user.Email, flow)
		return err
	})
	return user, err
}

// SoftDelete signs a user out everywhere and deletes what names the person
// (see identity.Service.SoftDelete).
func (s *Service) SoftDelete(ctx context.Context, id uuid.UUID) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.EndSessions(ctx, id, noSession); err != nil {
			return err
		}
		return s.Accounts.SoftDelete(ctx, id)
	})
}
