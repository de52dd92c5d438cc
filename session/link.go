package session

import (
	"context"
	"errors"

	"tessera/identity"
)

// linkTypes are the types that GoTrue's admin API names.
var linkTypes = map[string]Kind{
	"signup": KindSignup, "invite": KindInvite, "magiclink": KindMagicLink, "recovery": KindRecovery,
	"email_change_current": KindEmailChangeCurrent, "email_change_new": KindEmailChangeNew,
}

// LinkRequest asks for the link and code of a mail, without the mail.
type LinkRequest struct {
	Type       string // signup, invite, magiclink, recovery, email_change_current, email_change_new
	Email      string
	NewEmail   string // for a change of address
	Password   string // for a sign-up
	Data       map[string]any
	RedirectTo string
}

// Link is what a mail would have held.
type Link struct {
	Issued
	User identity.User
}

// GenerateLink writes a one-time token and returns it instead of mailing it.
// signup and invite make the user where there is none, and so does magiclink.
//
// Faults: ErrLinkTypeUnknown, identity.ErrEmailTaken, identity.ErrUserNotFound.
func (s *Service) GenerateLink(ctx context.Context, req LinkRequest) (Link, error) {
	kind, ok := linkTypes[req.Type]
	if !ok {
		return Link{}, ErrLinkTypeUnknown.Saying("Invalid email action link type requested: %s", req.Type).
			On("type", "is not signup, invite, magiclink, recovery, email_change_current or email_change_new")
	}
	user, err := s.userForLink(ctx, kind, req)
	if err != nil {
		return Link{}, err
	}
	var made Link
	err = s.InTx(ctx, func(ctx context.Context) error {
		address := user.Email
		if kind == KindEmailChangeCurrent || kind == KindEmailChangeNew {
			if user, err = s.noteNewEmail(ctx, user, req.NewEmail); err != nil {
				return err
			}
			if kind == KindEmailChangeNew {
				address = user.NewEmail
			}
		}
		issued, err := s.writeToken(ctx, user, kind, address, Flow{RedirectTo: req.RedirectTo})
		if err != nil {
			return err
		}
		issued.Link = s.Redirects.VerifyLink(issued.Token, linkTypeOf(kind), issued.RedirectTo)
		now := s.Now()
		user, err = s.Accounts.Modify(ctx, user.ID, identity.ActionRecovery, func(u *identity.User) error {
			noteSent(u, kind, now)
			return nil
		})
		made = Link{Issued: issued, User: user}
		return err
	})
	return made, err
}

func (s *Service) userForLink(ctx context.Context, kind Kind, req LinkRequest) (identity.User, error) {
	email, err := identity.NormalizeEmail(req.Email)
	if err != nil {
		return identity.User{}, err
	}
	user, err := s.Accounts.Store.UserByEmail(ctx, email)
	isUnknown := errors.Is(err, identity.ErrUserNotFound)
	if err != nil && !isUnknown {
		return identity.User{}, err
	}
	makes := kind == KindSignup || kind == KindInvite || kind == KindMagicLink
	switch {
	case isUnknown && !makes:
		return identity.User{}, identity.ErrUserNotFound.Saying("User with this email not found").On("email", "has no account")
	case isUnknown:
		return s.Accounts.Create(ctx, identity.New{
			Email: email, Password: req.Password, UserMetadata: req.Data, Origin: identity.OriginAdmin,
		})
	case user.IsConfirmed() && (kind == KindSignup || kind == KindInvite):
		return identity.User{}, identity.ErrEmailTaken.On("email", "has an account")
	}
	return user, nil
}

func (s *Service) noteNewEmail(ctx context.Context, user identity.User, wanted string) (identity.User, error) {
	email, err := identity.NormalizeEmail(wanted)
	if err != nil {
		return identity.User{}, err
	}
	now := s.Now()
	return s.Accounts.Modify(ctx, user.ID, identity.ActionEmailChange, func(u *identity.User) error {
		u.NewEmail, u.EmailChangeSent = email, &now
		return nil
	})
}
