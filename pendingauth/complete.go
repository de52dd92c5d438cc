package pendingauth

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/session"
)

// Completed is how a pending session ended: signed in, by a session for our
// own pages or by a code for an SDK client.
type Completed struct {
	User       identity.User
	Grant      *session.Grant
	AuthCode   string
	RedirectTo string
}

// Create completes a pending session with a new account. Of many calls, one
// does it. Faults: ErrPendingUnknown, ErrEmailRequired, ErrEmailHasAccount, and
// those of picture.Fetcher where a picture was chosen.
func (s *Service) Create(ctx context.Context, cookie string, choices Choices) (Completed, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return Completed{}, err
	}
	if p.EmailRequired && p.EmailVerifiedAt == nil {
		return Completed{}, ErrEmailRequired.On("email", "is not verified")
	}
	chosen, err := s.adopt(ctx, p, choices)
	if err != nil {
		return Completed{}, err
	}
	done, err := s.complete(ctx, p, choices, func(ctx context.Context, p Pending) (identity.User, Reason, error) {
		n := identity.New{External: &p.Identity, Origin: identity.OriginSignup, Nickname: chosen.nickname}
		if p.EmailVerifiedAt != nil {
			n.Email, n.IsConfirmed = p.Email, true
		}
		user, err := s.Accounts.Create(ctx, n)
		if errors.Is(err, identity.ErrEmailTaken) {
			return identity.User{}, "", ErrEmailHasAccount.On("email", "has an account")
		}
		if err != nil {
			return identity.User{}, "", err
		}
		user, err = s.dress(ctx, user, chosen)
		return user, ReasonSignup, err
	})
	if errors.Is(err, identity.ErrIdentityTaken) {
		return s.signInAfterAll(ctx, p)
	}
	return done, err
}

// signInAfterAll signs a person in whose account was made by another of their
// own attempts while this one was being chosen for.
func (s *Service) signInAfterAll(ctx context.Context, p Pending) (Completed, error) {
	done := Completed{RedirectTo: p.RedirectTo}
	err := s.InTx(ctx, func(ctx context.Context) error {
		claimed, err := s.Store.ClaimPending(ctx, p.ID, s.Now())
		if err != nil {
			return err
		}
		user, err := s.Accounts.Store.UserByIdentity(ctx, claimed.Identity.Key)
		if err != nil {
			return err
		}
		done.Grant, done.AuthCode, done.User = nil, "", user
		return s.admit(ctx, user, claimed.Challenge, &done.Grant, &done.AuthCode)
	})
	return done, err
}

// Bind completes a pending session by giving the proven account one more
// identity. The proof is asked for by the very statement that completes it.
// Faults: ErrPendingUnknown, ErrProofMissing, ErrTOTPRequired,
// identity.ErrIdentityTaken, and those of picture.Fetcher where a picture was
// chosen.
func (s *Service) Bind(ctx context.Context, cookie string, choices Choices) (Completed, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return Completed{}, err
	}
	if p.BindUserID == uuid.Nil {
		return Completed{}, ErrProofMissing
	}
	chosen, err := s.adopt(ctx, p, choices)
	if err != nil {
		return Completed{}, err
	}
	return s.complete(ctx, p, choices, func(ctx context.Context, p Pending) (identity.User, Reason, error) {
		if err := s.checkProof(ctx, p); err != nil {
			return identity.User{}, "", err
		}
		bound := p.Identity
		bound.Origin = identity.OriginBind
		user, isNew, err := s.Accounts.Bind(ctx, p.BindUserID, bound)
		if err != nil {
			return identity.User{}, "", err
		}
		user, err = s.dress(ctx, user, chosen)
		if !isNew {
			return user, "", err
		}
		return user, ReasonFirstBind, err
	})
}

// checkProof holds the proof that was claimed against what the account asks
// for today.
func (s *Service) checkProof(ctx context.Context, p Pending) error {
	if p.SessionVerifiedAt != nil {
		return nil
	}
	if p.PasswordVerifiedAt == nil {
		return ErrProofMissing
	}
	needed, err := s.SecondFactor.Enabled(ctx, p.BindUserID)
	if err != nil {
		return err
	}
	if needed && p.TOTPVerifiedAt == nil {
		return ErrTOTPRequired.On("totp", "is missing")
	}
	return nil
}

// complete claims the session and does all that goes with it, in one
// transaction. finish gets the session as it was claimed.
func (s *Service) complete(
	ctx context.Context, p Pending, choices Choices,
	finish func(context.Context, Pending) (identity.User, Reason, error),
) (Completed, error) {
	done := Completed{RedirectTo: p.RedirectTo}
	err := s.InTx(ctx, func(ctx context.Context) error {
		claimed, err := s.Store.ClaimPending(ctx, p.ID, s.Now())
		if err != nil {
			return err
		}
		s.failpoint("claimed")
		user, reason, err := finish(ctx, claimed)
		if err != nil {
			return err
		}
		s.failpoint("account")
		if err := s.decide(ctx, claimed, user, choices); err != nil {
			return err
		}
		if reason != "" {
			if err := s.grant(ctx, user, claimed.Identity.ProviderType, reason); err != nil {
				return err
			}
		}
		s.failpoint("granted")
		done.Grant, done.AuthCode, done.User = nil, "", user
		return s.admit(ctx, user, claimed.Challenge, &done.Grant, &done.AuthCode, claimed.shownBy(user.ID)...)
	})
	if err == nil {
		s.failpoint("committed")
	}
	s.observe(p.Source, err)
	return done, err
}

// decide records what was taken over.
func (s *Service) decide(ctx context.Context, p Pending, user identity.User, choices Choices) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	decision := Decision{ID: id, PendingID: p.ID, UserID: user.ID, Choices: choices, At: s.Now()}
	for _, i := range user.Identities {
		if i.Key == p.Identity.Key {
			decision.IdentityID = i.ID
		}
	}
	return s.Store.PutDecision(ctx, decision)
}
