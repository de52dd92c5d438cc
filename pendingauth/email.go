package pendingauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"

	"tessera/identity"
	"tessera/session"
)

// KindPendingEmail is the mail with the code that verifies an address typed
// here.
const KindPendingEmail session.Kind = "pending_email"

// SendCode mails a code to an address that the person typed. It says nothing
// of whether the address has an account: that is told to who reads its mail.
// Another address typed later takes the place of this one.
//
// Faults: ErrPendingUnknown, those of identity.NormalizeEmail,
// session.ErrMailTooSoon.
func (s *Service) SendCode(ctx context.Context, cookie, email string) (Pending, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return Pending{}, err
	}
	address, err := identity.NormalizeEmail(email)
	if err != nil {
		return Pending{}, err
	}
	if err := s.Sessions.Pace(ctx, KindPendingEmail, address); err != nil {
		return Pending{}, err
	}
	code, err := session.NewCode()
	if err != nil {
		return Pending{}, err
	}
	expires := s.Now().Add(codeTTL)
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.SetPendingEmail(ctx, p.ID, address, s.hashCode(p, address, code), expires); err != nil {
			return err
		}
		return s.Mailer.Send(ctx, session.Mail{
			Kind: KindPendingEmail, To: address, Locale: identity.RequestFrom(ctx).Locale, Code: code, ValidFor: codeTTL,
		})
	})
	if err != nil {
		return Pending{}, err
	}
	return s.Summary(ctx, cookie)
}

// VerifyCode takes the mailed code: the address is the person's from then on.
// Faults: ErrPendingUnknown, ErrCodeWrong.
func (s *Service) VerifyCode(ctx context.Context, cookie, code string) (Pending, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return Pending{}, err
	}
	now := s.Now()
	mayTry, err := s.Store.TakeCodeTry(ctx, p.ID, maxCodes)
	if err != nil {
		return Pending{}, err
	}
	isLive := mayTry && p.CodeHash != nil && p.CodeExpiresAt != nil && now.Before(*p.CodeExpiresAt)
	if !isLive || !hmac.Equal(p.CodeHash, s.hashCode(p, p.Email, code)) {
		return Pending{}, ErrCodeWrong.On("code", "does not fit")
	}
	if err := s.Store.SetEmailVerified(ctx, p.ID, p.Email, now); err != nil {
		return Pending{}, err
	}
	return s.Summary(ctx, cookie)
}

// HasAccount reports whether the verified address belongs to an account. Ask
// it of a verified address only.
func (s *Service) HasAccount(ctx context.Context, p Pending) (bool, error) {
	if p.EmailVerifiedAt == nil {
		return false, nil
	}
	_, err := s.Accounts.Store.UserByEmail(ctx, p.Email)
	if errors.Is(err, identity.ErrUserNotFound) {
		return false, nil
	}
	return err == nil, err
}

// hashCode binds a code to the session and the address it was mailed to.
func (s *Service) hashCode(p Pending, address, code string) []byte {
	mac := hmac.New(sha256.New, s.Sealer.Derive("pendingauth.codes", 32))
	mac.Write([]byte(p.ID.String() + "\x00" + address + "\x00" + code))
	return mac.Sum(nil)
}
