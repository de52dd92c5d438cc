package session

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"tessera/identity"
)

// Mail is one message to a person. Link and Code are secrets.
type Mail struct {
	Kind     Kind
	To       string
	Locale   string // "zh-CN" or "en"
	Link     string
	Code     string
	NewEmail string // the address wanted, in mails about a change of it
	ValidFor time.Duration
}

// Flow is how a mail-borne sign-in goes on after the link: where to, and with
// which PKCE challenge it began.
type Flow struct {
	RedirectTo string // as the client sent it; checked here
	Challenge  Challenge
}

// sendTo issues a link and a code of one kind to the user's own address, and
// notes when. Faults: ErrMailTooSoon.
func (s *Service) sendTo(ctx context.Context, user identity.User, kind Kind, flow Flow) (identity.User, error) {
	if err := s.Pace(ctx, kind, user.Email); err != nil {
		return user, err
	}
	action := map[Kind]identity.Action{
		KindSignup: identity.ActionConfirmRequested, KindInvite: identity.ActionInvited,
		KindReauthentication: identity.ActionReauthenticate,
	}[kind]
	if action == "" {
		action = identity.ActionRecovery
	}
	now := s.Now()
	err := s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.issue(ctx, user, kind, user.Email, flow); err != nil {
			return err
		}
		var err error
		user, err = s.Accounts.Modify(ctx, user.ID, action, func(u *identity.User) error {
			noteSent(u, kind, now)
			return nil
		})
		return err
	})
	return user, err
}

// noteSent keeps when a mail of a kind was last sent, as GoTrue's user shows it.
func noteSent(u *identity.User, kind Kind, now time.Time) {
	switch kind {
	case KindSignup:
		u.ConfirmationSent = &now
	case KindInvite:
		u.InvitedAt, u.ConfirmationSent = &now, &now
	case KindReauthentication:
		u.ReauthSent = &now
	case KindRecovery, KindMagicLink:
		u.RecoverySent = &now
	case KindEmailChangeCurrent, KindEmailChangeNew:
		u.EmailChangeSent = &now
	}
}

// Pace refuses a mail to an address that had one of its kind just now. It
// looks at the address, not at the account, so that it tells nothing of it.
func (s *Service) Pace(ctx context.Context, kind Kind, address string) error {
	if s.Config.MailInterval <= 0 {
		return nil
	}
	wait, err := s.Limiter.Wait(ctx, fmt.Sprintf("mail:%s:%s", kind, address), s.Config.MailInterval)
	if err != nil {
		return err
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		return ErrMailTooSoon.Saying("For security purposes, you can only request this after %d seconds.", seconds).After(wait)
	}
	return nil
}

// Issued is a link and a code in clear, as they go into a mail.
type Issued struct {
	Token      string
	Code       string
	Link       string
	RedirectTo string // as checked
}

// issue writes a one-time token and hands its mail to the mailer, in one
// transaction.
func (s *Service) issue(ctx context.Context, user identity.User, kind Kind, address string, flow Flow) (Issued, error) {
	issued, err := s.writeToken(ctx, user, kind, address, flow)
	if err != nil {
		return Issued{}, err
	}
	return issued, s.Mailer.Send(ctx, Mail{
		Kind: kind, To: address, Locale: identity.RequestFrom(ctx).Locale, Link: issued.Link, Code: issued.Code,
		NewEmail: user.NewEmail, ValidFor: s.Config.MailTTL,
	})
}

func (s *Service) writeToken(ctx context.Context, user identity.User, kind Kind, address string, flow Flow) (Issued, error) {
	ids, err := newIDs(1)
	if err != nil {
		return Issued{}, err
	}
	code, err := NewCode()
	if err != nil {
		return Issued{}, err
	}
	issued := Issued{Token: NewToken(), Code: code, RedirectTo: s.Redirects.Resolve(flow.RedirectTo)}
	if !flow.Challenge.IsZero() {
		issued.Token = "pkce_" + issued.Token // client libraries look for it
	}
	issued.Link = s.Redirects.MailLink(issued.Token, kind, issued.RedirectTo, !flow.Challenge.IsZero())
	now := s.Now()
	return issued, s.Codes.PutOneTimeToken(ctx, OneTimeToken{
		ID: ids[0], UserID: user.ID, Kind: kind, Email: address,
		TokenHash: hashOf(issued.Token), CodeHash: s.Keys.hashCode(address, code),
		Challenge: flow.Challenge, RedirectTo: issued.RedirectTo, CreatedAt: now, ExpiresAt: now.Add(s.Config.MailTTL),
	})
}

// NewCode returns six random digits, for a mail.
func NewCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// hashCode is a keyed hash: six digits alone could be found by trying.
func (k Keys) hashCode(address, code string) []byte {
	mac := hmac.New(sha256.New, k.codes)
	mac.Write([]byte(address + "\x00" + code))
	return mac.Sum(nil)
}

// Recover sends a link that lets whoever reads the address's mail set a new
// password. It answers alike whether or not the address is known.
func (s *Service) Recover(ctx context.Context, email string, flow Flow) error {
	return s.sendIfKnown(ctx, email, flow, func(identity.User) Kind { return KindRecovery })
}

// Resend sends a confirmation again, where one is due.
func (s *Service) Resend(ctx context.Context, email string, flow Flow) error {
	return s.sendIfKnown(ctx, email, flow, func(u identity.User) Kind {
		if u.IsConfirmed() {
			return ""
		}
		return KindSignup
	})
}

// ResendEmailChange sends the mails of a change of address again, to whoever
// of the two has not confirmed yet. email is the wanted address or the present
// one, as clients send either.
func (s *Service) ResendEmailChange(ctx context.Context, email string, flow Flow) error {
	normalised, err := identity.NormalizeEmail(email)
	if err != nil {
		return err
	}
	if err := s.Pace(ctx, KindEmailChangeNew, normalised); err != nil {
		return err
	}
	waiting, err := s.Codes.OneTimeTokensTo(ctx, normalised, KindEmailChangeNew, KindEmailChangeCurrent)
	if err != nil {
		return err
	}
	for _, t := range waiting {
		user, err := s.Accounts.User(ctx, t.UserID)
		if err != nil {
			return err
		}
		err = s.InTx(ctx, func(ctx context.Context) error {
			_, err := s.issue(ctx, user, t.Kind, t.Email, flow)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendIfKnown sends a mail of the kind that suits the user, or none. An
// unknown address is paced like a known one.
func (s *Service) sendIfKnown(ctx context.Context, email string, flow Flow, kindFor func(identity.User) Kind) error {
	normalised, err := identity.NormalizeEmail(email)
	if err != nil {
		return err
	}
	user, err := s.Accounts.Store.UserByEmail(ctx, normalised)
	isUnknown := errors.Is(err, identity.ErrUserNotFound)
	if err != nil && !isUnknown {
		return err
	}
	kind := kindFor(user)
	if isUnknown || kind == "" || user.DeletedAt != nil {
		if kind == "" {
			kind = KindSignup
		}
		return s.Pace(ctx, kind, normalised)
	}
	_, err = s.sendTo(ctx, user, kind, flow)
	return err
}

// SendMagicLink sends a sign-in link and code to an address, making an account
// for it first where mayCreate allows. Faults: ErrOTPSignupDisabled.
func (s *Service) SendMagicLink(ctx context.Context, email string, data map[string]any, mayCreate bool, flow Flow) error {
	normalised, err := identity.NormalizeEmail(email)
	if err != nil {
		return err
	}
	user, err := s.Accounts.Store.UserByEmail(ctx, normalised)
	if errors.Is(err, identity.ErrUserNotFound) {
		if !mayCreate || s.Accounts.Config.DisableSignup {
			return ErrOTPSignupDisabled
		}
		user, err = s.Accounts.Create(ctx, identity.New{Email: normalised, UserMetadata: data, Origin: identity.OriginSignup})
	}
	if err != nil {
		return err
	}
	kind := KindMagicLink
	if !user.IsConfirmed() && user.PasswordHash == "" {
		kind = KindSignup
	}
	_, err = s.sendTo(ctx, user, kind, flow)
	return err
}

// Invite makes an account for an address and mails it a link. Faults:
// identity.ErrEmailTaken.
func (s *Service) Invite(ctx context.Context, email string, data map[string]any, flow Flow) (identity.User, error) {
	user, err := s.Accounts.Create(ctx, identity.New{
		Email: email, UserMetadata: data, Origin: identity.OriginAdmin, Action: identity.ActionInvited,
	})
	if err != nil {
		return identity.User{}, err
	}
	return s.sendTo(ctx, user, KindInvite, flow)
}

// Reauthenticate mails a code that proves, once, that the person at a running
// session still reads the account's mail.
func (s *Service) Reauthenticate(ctx context.Context, user identity.User) error {
	if user.Email == "" {
		return identity.ErrEmailMissing
	}
	_, err := s.sendTo(ctx, user, KindReauthentication, Flow{})
	return err
}

// query is a shorthand for the query of a link.
func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values.Encode()
}
