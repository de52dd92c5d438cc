package identity

import (
	"context"
	"errors"
)

// Authenticate returns the user whose address and password these are. An
// unknown address costs the same as a wrong password, and gives the same
// fault; whether the address is confirmed or the user banned is told only to
// who knows the password. A hash of an older kind is replaced on the way.
//
// Faults: ErrBadCredentials, ErrUserBanned, ErrEmailNotConfirmed, ErrHashingBusy.
func (s *Service) Authenticate(ctx context.Context, email, password string) (User, error) {
	user, err := s.findForLogin(ctx, email)
	if err != nil {
		return User{}, err
	}
	matches, isOutdated, err := s.Hasher.Verify(ctx, user.PasswordHash, password)
	if err != nil {
		return User{}, err
	}
	if !matches || user.DeletedAt != nil {
		return User{}, errors.Join(s.recordFailure(ctx, user, email, "wrong credentials"), ErrBadCredentials)
	}
	if err := s.Admit(user); err != nil {
		return User{}, errors.Join(s.recordFailure(ctx, user, email, "banned"), err)
	}
	if !user.IsConfirmed() {
		return User{}, errors.Join(s.recordFailure(ctx, user, email, "not confirmed"), ErrEmailNotConfirmed)
	}
	if isOutdated {
		return s.upgradeHash(ctx, user, password)
	}
	return user, nil
}

// findForLogin returns the zero user for an address that is unknown or that
// could not be one: the hash of the zero user is verified all the same.
func (s *Service) findForLogin(ctx context.Context, email string) (User, error) {
	normalised, err := NormalizeEmail(email)
	if err != nil {
		return User{}, nil //nolint:nilerr // as for an address that nobody has
	}
	user, err := s.Store.UserByEmail(ctx, normalised)
	if errors.Is(err, ErrUserNotFound) {
		return User{}, nil
	}
	return user, err
}

func (s *Service) recordFailure(ctx context.Context, user User, email, reason string) error {
	detail := map[string]any{"reason": reason, "method": "password"}
	if normalised, err := NormalizeEmail(email); err == nil {
		detail["email"] = normalised
	}
	return s.write(ctx, Entry{Action: ActionLoginFailed, UserID: user.ID, Detail: detail})
}

// upgradeHash replaces the hash with one of today's kind, unless somebody
// changed the password meanwhile.
func (s *Service) upgradeHash(ctx context.Context, user User, password string) (User, error) {
	next, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return user, nil //nolint:nilerr // too busy to upgrade is no reason to refuse a sign-in
	}
	replaced, err := s.Store.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, next)
	if err != nil {
		return User{}, err
	}
	if replaced {
		user.PasswordHash = next
	}
	return user, nil
}
