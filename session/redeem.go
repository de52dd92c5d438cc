package session

import (
	"context"
	"crypto/hmac"
	"errors"
	"strings"

	"tessera/identity"
)

// maxCodeAttempts is how many wrong codes a one-time token survives.
const maxCodeAttempts = 5

// Redemption is what a client presents to prove that it reads an address's
// mail: a link's token, or an address with a code.
type Redemption struct {
	Type      string // as clients name it: signup, invite, recovery, magiclink, email, email_change
	Token     string // of the link; or
	Email     string // where the code was sent
	Code      string
	FromLink  bool // followed in a browser: a PKCE flow goes on with a code
	OnlyCheck bool // see whether it would work, and leave it
}

// Redeemed is what a redemption led to: a session, a code to exchange, or
// neither, when the other address of a change is still to be confirmed.
type Redeemed struct {
	Grant      *Grant
	AuthCode   string
	RedirectTo string
	Kind       Kind
	IsPending  bool
}

// kindsOf maps the type a client names to the kinds it may stand for.
func kindsOf(linkType string) []Kind {
	switch linkType {
	case "signup", "invite", "recovery", "magiclink":
		if linkType == "magiclink" {
			return []Kind{KindMagicLink, KindSignup}
		}
		return []Kind{Kind(linkType)}
	case "email":
		return []Kind{KindSignup, KindMagicLink, KindRecovery, KindInvite}
	case "email_change":
		return []Kind{KindEmailChangeCurrent, KindEmailChangeNew}
	}
	return nil
}

// Redeem takes a one-time token and does what it is for. It works once,
// however many present it together. Faults: ErrLinkInvalid for whatever is
// wrong, unknown, taken or expired; identity.ErrUserBanned.
func (s *Service) Redeem(ctx context.Context, r Redemption) (Redeemed, error) {
	found, err := s.findOneTime(ctx, r)
	if err != nil {
		s.observe("mail", err)
		return Redeemed{}, err
	}
	if r.OnlyCheck {
		return Redeemed{RedirectTo: found.RedirectTo, Kind: found.Kind}, nil
	}
	out := Redeemed{RedirectTo: found.RedirectTo, Kind: found.Kind}
	err = s.InTx(ctx, func(ctx context.Context) error {
		out.Grant, out.AuthCode, out.IsPending = nil, "", false
		taken, err := s.Codes.TakeOneTimeToken(ctx, found.ID)
		if err != nil {
			return err
		}
		if !taken {
			return ErrLinkInvalid
		}
		user, err := s.apply(ctx, found, &out)
		if err != nil || out.IsPending {
			return err
		}
		if r.FromLink && !found.Challenge.IsZero() {
			out.AuthCode, err = s.IssueCode(ctx, user, found.Challenge, MethodOTP)
			return err
		}
		grant, err := s.Start(ctx, user, MethodOTP)
		out.Grant = &grant
		return err
	})
	s.observe("mail", err)
	return out, err
}

func (s *Service) findOneTime(ctx context.Context, r Redemption) (OneTimeToken, error) {
	kinds := kindsOf(r.Type)
	if kinds == nil {
		return OneTimeToken{}, ErrLinkInvalid
	}
	if r.Token != "" {
		found, err := s.Codes.OneTimeTokenByHash(ctx, hashOf(r.Token))
		if err != nil {
			return OneTimeToken{}, err
		}
		if !contains(kinds, found.Kind) || !s.Now().Before(found.ExpiresAt) {
			return OneTimeToken{}, ErrLinkInvalid
		}
		return found, nil
	}
	return s.findByCode(ctx, r.Email, strings.TrimSpace(r.Code), kinds)
}

// findByCode looks for a token with this code among those sent to an address.
// A code that fits none counts against all of them.
func (s *Service) findByCode(ctx context.Context, email, code string, kinds []Kind) (OneTimeToken, error) {
	address, err := identity.NormalizeEmail(email)
	if err != nil {
		return OneTimeToken{}, ErrLinkInvalid
	}
	sent, err := s.Codes.OneTimeTokensTo(ctx, address, kinds...)
	if err != nil {
		return OneTimeToken{}, err
	}
	want := s.Keys.hashCode(address, code)
	for _, t := range sent {
		if s.Now().Before(t.ExpiresAt) && hmac.Equal(t.CodeHash, want) {
			return t, nil
		}
	}
	for _, t := range sent {
		if err := s.Codes.CountWrongCode(ctx, t.ID, maxCodeAttempts); err != nil {
			return OneTimeToken{}, err
		}
	}
	return OneTimeToken{}, ErrLinkInvalid
}

// apply does what a token is for, to its user.
func (s *Service) apply(ctx context.Context, t OneTimeToken, out *Redeemed) (identity.User, error) {
	user, err := s.Accounts.User(ctx, t.UserID)
	if err != nil {
		if errors.Is(err, identity.ErrUserNotFound) {
			err = ErrLinkInvalid
		}
		return identity.User{}, err
	}
	switch t.Kind {
	case KindEmailChangeCurrent, KindEmailChangeNew:
		return s.applyEmailChange(ctx, user, t, out)
	case KindMagicLink, KindRecovery:
		if !user.IsConfirmed() {
			// Whoever set this password never proved the address; who does so
			// now must not share the account with them.
			if user, err = s.dropUnprovenAccess(ctx, user); err != nil {
				return identity.User{}, err
			}
		}
	}
	if t.Email != user.Email {
		return identity.User{}, ErrLinkInvalid // the address changed since
	}
	return s.Accounts.ConfirmEmail(ctx, user.ID)
}

func (s *Service) dropUnprovenAccess(ctx context.Context, user identity.User) (identity.User, error) {
	if err := s.Store.EndSessions(ctx, user.ID, noSession); err != nil {
		return identity.User{}, err
	}
	return s.Accounts.StorePasswordHash(ctx, user.ID, "")
}

// applyEmailChange counts one address as confirmed, and changes it when no
// other is waited for.
func (s *Service) applyEmailChange(ctx context.Context, user identity.User, t OneTimeToken, out *Redeemed) (identity.User, error) {
	waiting, err := s.Codes.OneTimeTokens(ctx, user.ID, KindEmailChangeCurrent, KindEmailChangeNew)
	if err != nil {
		return identity.User{}, err
	}
	if user.NewEmail == "" {
		return identity.User{}, ErrLinkInvalid
	}
	if len(waiting) > 0 {
		out.IsPending = true
		return user, nil
	}
	return s.Accounts.SetEmail(ctx, user.ID, user.NewEmail, true)
}

func contains(kinds []Kind, kind Kind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}
