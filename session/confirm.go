package session

import (
	"context"
	"crypto/hmac"
	"errors"
	"time"

	"tessera/identity"
)

// RequireSecondFactor is the one rule of accounts with a second factor: a
// session that has not shown it is let in nowhere but where it can show it.
// Fault: ErrSecondFactorNeeded.
func RequireSecondFactor(user identity.User, from Session) error {
	if user.HasSecondFactor() && !from.HasSecondFactor() {
		return ErrSecondFactorNeeded
	}
	return nil
}

// RequireConfirmed is the one rule before a sensitive change, on whatever
// surface: the person at this session proved who they are not long ago, by
// signing in or by confirming, and by a second factor where the account has
// one. Anonymous users have nothing that they could prove, and nothing to lose.
//
// Faults: ErrSecondFactorNeeded, ErrConfirmationNeeded.
func (s *Service) RequireConfirmed(user identity.User, from Session) error {
	if user.IsAnonymous {
		return nil
	}
	if err := RequireSecondFactor(user, from); err != nil {
		return err
	}
	if !s.Now().Before(s.ConfirmedUntil(from)) {
		return ErrConfirmationNeeded
	}
	return nil
}

// ConfirmedUntil is the time until which a session's last proof counts. Where
// no confirmation is asked for it lies as far ahead as an access token lives.
func (s *Service) ConfirmedUntil(from Session) time.Time {
	if s.Config.ReauthenticateAfter == 0 {
		return s.Now().Add(s.Config.AccessTTL)
	}
	return from.lastConfirmed().Add(s.Config.ReauthenticateAfter)
}

// Proof is how a person shows again who they are: exactly one field is set.
type Proof struct {
	Password  string
	Code      string // of an authenticator app, or a recovery code
	EmailCode string // of a reauthentication mail
	Passkey   *identity.Answer
}

// Ways of confirming access.
const (
	ProofPassword = "password"
	ProofTOTP     = "totp" // or a recovery code
	ProofPasskey  = "passkey"
	ProofEmail    = "email"
)

// ProofsOf names the ways in which a user can confirm access. A user with a
// second factor confirms by it, or by a passkey that verifies them: whoever
// has the password and an open browser must not take the factor away.
func (s *Service) ProofsOf(ctx context.Context, user identity.User) ([]string, error) {
	ways := []string{}
	passkeys, err := s.Passkeys.Count(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	if passkeys > 0 {
		ways = append(ways, ProofPasskey)
	}
	if user.HasSecondFactor() {
		return append(ways, ProofTOTP), nil
	}
	if user.PasswordHash != "" {
		ways = append(ways, ProofPassword)
	}
	if user.Email != "" && user.IsConfirmed() {
		ways = append(ways, ProofEmail)
	}
	return ways, nil
}

// Confirm takes a proof, and lets the session make sensitive changes for the
// configured time. The caller limits how often it is asked. It must not run in
// a transaction: what it counts against guessing has to stay when it refuses.
//
// Faults: ErrProofUnavailable, ErrPasswordWrong, ErrNonceWrong,
// ErrSessionNotFound, and those of identity.Factors.Verify and
// identity.Passkeys.Confirm.
func (s *Service) Confirm(ctx context.Context, user identity.User, from Session, p Proof) (Session, error) {
	way, err := s.prove(ctx, user, p)
	detail := map[string]any{"method": way, "session_id": from.ID.String()}
	if err != nil {
		return Session{}, errors.Join(s.Accounts.Record(ctx, identity.ActionAccessRefused, user, detail), err)
	}
	now := s.Now()
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.ConfirmSession(ctx, from.ID, now); err != nil {
			return err
		}
		return s.Accounts.Record(ctx, identity.ActionAccessConfirmed, user, detail)
	})
	from.ConfirmedAt = &now
	return from, err
}

// prove holds a proof against the account, and names its way.
func (s *Service) prove(ctx context.Context, user identity.User, p Proof) (way string, err error) {
	switch {
	case p.Code != "":
		_, err := s.Factors.Verify(ctx, user.ID, p.Code)
		return ProofTOTP, err
	case p.Passkey != nil:
		return ProofPasskey, s.Passkeys.Confirm(ctx, user, *p.Passkey)
	case user.HasSecondFactor():
		return "", ErrProofUnavailable
	case p.Password != "":
		return ProofPassword, s.provePassword(ctx, user, p.Password)
	case p.EmailCode != "":
		return ProofEmail, s.proveEmail(ctx, user, p.EmailCode)
	}
	return "", ErrProofUnavailable
}

func (s *Service) provePassword(ctx context.Context, user identity.User, password string) error {
	matches, _, err := s.Accounts.Hasher.Verify(ctx, user.PasswordHash, password)
	if err != nil {
		return err
	}
	if !matches {
		return ErrPasswordWrong.On("password", "is not the present password")
	}
	return nil
}

// proveEmail takes the code of a reauthentication mail, once.
func (s *Service) proveEmail(ctx context.Context, user identity.User, code string) error {
	sent, err := s.Codes.OneTimeTokens(ctx, user.ID, KindReauthentication)
	if err != nil {
		return err
	}
	for _, t := range sent {
		// The address may have changed since: what was sent to the last one
		// proves nothing of this one.
		if t.Email == user.Email && s.Now().Before(t.ExpiresAt) && hmac.Equal(t.CodeHash, s.Keys.hashCode(user.Email, code)) {
			taken, err := s.Codes.TakeOneTimeToken(ctx, t.ID)
			if err != nil || taken {
				return err
			}
		}
		if err := s.Codes.CountWrongCode(ctx, t.ID, maxCodeAttempts); err != nil {
			return err
		}
	}
	return ErrNonceWrong.On("nonce", "has expired or is invalid")
}
