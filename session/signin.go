package session

import (
	"context"
	"errors"

	"tessera/identity"
)

// SignInWithPassword starts a session for whoever knows the password. Faults:
// those of identity.Service.Authenticate.
func (s *Service) SignInWithPassword(ctx context.Context, email, password string) (Grant, error) {
	grant, err := s.signInWithPassword(ctx, email, password)
	s.observe(MethodPassword, err)
	return grant, err
}

func (s *Service) signInWithPassword(ctx context.Context, email, password string) (Grant, error) {
	user, err := s.Accounts.Authenticate(ctx, email, password)
	if err != nil {
		return Grant{}, err
	}
	return s.Start(ctx, user, MethodPassword)
}

// SignInWithPasskey starts a session for whoever answered
// identity.Passkeys.BeginSignIn. Where the authenticator verified the person,
// the session says so: that is two factors at once, though GoTrue's contract
// calls it aal1. Faults: those of identity.Passkeys.SignIn and
// identity.Service.Admit.
func (s *Service) SignInWithPasskey(ctx context.Context, answer identity.Answer) (Grant, error) {
	grant, err := s.signInWithPasskey(ctx, answer)
	s.observe(MethodPasskey, err)
	return grant, err
}

func (s *Service) signInWithPasskey(ctx context.Context, answer identity.Answer) (Grant, error) {
	shown, err := s.Passkeys.SignIn(ctx, answer)
	if err != nil {
		return Grant{}, err
	}
	if shown.IsUserVerified {
		return s.Start(ctx, shown.User, MethodPasskey, MethodMFA)
	}
	return s.Start(ctx, shown.User, MethodPasskey)
}

// SignUpOutcome is a new account, and a session where it needs no mail first.
type SignUpOutcome struct {
	User  identity.User
	Grant *Grant // nil: the person confirms the address first
}

// SignUp makes an account by e-mail and password. Without autoconfirm it
// sends a confirmation, and answers an address that has a confirmed account
// with a user that does not exist: who does not own the address learns nothing.
func (s *Service) SignUp(ctx context.Context, email, password string, data map[string]any, flow Flow) (SignUpOutcome, error) {
	user, err := s.Accounts.SignUp(ctx, email, password, data)
	if errors.Is(err, identity.ErrEmailTaken) && !s.Accounts.Config.Autoconfirm {
		return s.repeatedSignUp(ctx, email, password, data, flow)
	}
	if err != nil {
		s.observe("signup", err)
		return SignUpOutcome{}, err
	}
	s.observe("signup", nil)
	if user.IsConfirmed() {
		grant, err := s.Start(ctx, user, MethodPassword)
		return SignUpOutcome{User: grant.User, Grant: &grant}, err
	}
	user, err = s.sendTo(ctx, user, KindSignup, flow)
	return SignUpOutcome{User: user}, err
}

// repeatedSignUp answers a sign-up for an address that has an account. One
// that never was confirmed gets its mail again. Where the two passwords differ
// neither stays: nobody has proven anything, and whoever confirms the address
// must not find it opened by a password of somebody else. They are signed in by
// the mail, and set one then.
func (s *Service) repeatedSignUp(ctx context.Context, email, password string, data map[string]any, flow Flow) (SignUpOutcome, error) {
	normalised, err := identity.NormalizeEmail(email)
	if err != nil {
		return SignUpOutcome{}, err
	}
	user, err := s.Accounts.Store.UserByEmail(ctx, normalised)
	if err != nil {
		return SignUpOutcome{}, err
	}
	if !user.IsConfirmed() {
		if user, err = s.dropContestedPassword(ctx, user, password); err != nil {
			return SignUpOutcome{}, err
		}
		user, err = s.sendTo(ctx, user, KindSignup, flow)
		return SignUpOutcome{User: user}, err
	}
	if err := s.Accounts.Record(ctx, identity.ActionSignupRepeated, user, nil); err != nil {
		return SignUpOutcome{}, err
	}
	nobody, err := s.imaginaryUser(normalised, data)
	return SignUpOutcome{User: nobody}, err
}

// dropContestedPassword takes the password of an account that nobody confirmed,
// unless it is the one that is given now.
func (s *Service) dropContestedPassword(ctx context.Context, user identity.User, password string) (identity.User, error) {
	matches, _, err := s.Accounts.Hasher.Verify(ctx, user.PasswordHash, password)
	if err != nil || matches || user.PasswordHash == "" {
		return user, err
	}
	return s.Accounts.StorePasswordHash(ctx, user.ID, "")
}

// imaginaryUser looks like a user who was just made, and is nobody. It has no
// identities, which is how client libraries recognise the case.
func (s *Service) imaginaryUser(email string, data map[string]any) (identity.User, error) {
	ids, err := newIDs(1)
	if err != nil {
		return identity.User{}, err
	}
	now := s.Now()
	return identity.User{
		ID: ids[0], Email: email, Role: identity.RoleAuthenticated, ConfirmationSent: &now,
		AppMetadata: map[string]any{"provider": "email", "providers": []any{"email"}},
		UserMetadata: identity.MergeMetadata(data, map[string]any{
			"sub": ids[0].String(), "email": email, "email_verified": false, "phone_verified": false,
		}),
		CreatedAt: now, UpdatedAt: now,
	}, nil
}

// SignUpAnonymously makes an account without an identity and signs it in.
func (s *Service) SignUpAnonymously(ctx context.Context, data map[string]any) (Grant, error) {
	user, err := s.Accounts.SignUpAnonymously(ctx, data)
	if err != nil {
		s.observe(MethodAnonymous, err)
		return Grant{}, err
	}
	grant, err := s.Start(ctx, user, MethodAnonymous)
	s.observe(MethodAnonymous, err)
	return grant, err
}
