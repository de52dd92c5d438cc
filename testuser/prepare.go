package testuser

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// What the auth server is asked to do, for the sentence that says it refused.
const (
	doingCreate   = "to create the user"
	doingPassword = "to set the password" //nolint:gosec // a sentence
	doingList     = "to list users"
	doingSignIn   = "to sign in"
)

// prepare brings a test user's account to life and gives it a new password.
func (s *Service) prepare(ctx context.Context, id uuid.UUID, mailKey string) (prepared, error) {
	user, err := s.Store.TestUser(ctx, id)
	if err != nil {
		return prepared{}, err
	}
	p := prepared{user: user, password: newPassword()}
	if user.AuthUserID != "" {
		found, err := s.Auth.setPassword(ctx, user.AuthUserID, p.password)
		if err == nil {
			p.isReused = true
			return s.keep(ctx, p, found)
		}
		if !isMissing(err) {
			return prepared{}, shown(err, doingPassword)
		} // deleted there, or another auth server is configured now: made again
	}
	if p.user.Email == "" {
		if p.user, err = s.address(ctx, p.user, mailKey); err != nil {
			return prepared{}, err
		}
	}
	made, err := s.Auth.createAccount(ctx, p.user.Username, p.user.Email, p.password)
	if isAddressTaken(err) {
		p.isReused = true
		made, err = s.adopt(ctx, p)
	}
	if err != nil {
		return prepared{}, shown(err, doingCreate)
	}
	return s.keep(ctx, p, made)
}

// address chooses the user's address and writes it down before the account is
// made, so that calls that race, and a call after a crash, use the same one.
func (s *Service) address(ctx context.Context, user User, mailKey string) (User, error) {
	after := user
	after.Email = user.Username + "@" + s.Config.MailDomain
	if s.Mail != nil {
		key, err := s.Mail.key(mailKey)
		if err != nil {
			return User{}, err
		}
		if after.Email, err = s.mailbox(ctx, key, user.Username); err != nil {
			return User{}, err
		}
	}
	saved, err := s.Store.SaveTestUser(ctx, user, after)
	if err != nil || saved {
		return after, err
	}
	return s.Store.TestUser(ctx, user.ID) // another replica was first
}

// mailbox gets one called as the user, or with a few letters more if that is
// taken by a mailbox of an earlier time.
func (s *Service) mailbox(ctx context.Context, key, username string) (string, error) {
	email, err := s.Mail.generate(ctx, key, username)
	if errors.Is(err, errNameTaken) {
		email, err = s.Mail.generate(ctx, key, username+"-"+strings.ToLower(rand.Text()[:6]))
	}
	if errors.Is(err, errNameTaken) {
		return "", ErrMailAPIFailed.Saying("The Mail API says that the mailbox is taken.")
	}
	return email, err
}

// adopt takes over the account that has the user's address, if it was made
// here for this very user: by another replica, or before a crash. Any other
// account is somebody's own.
func (s *Service) adopt(ctx context.Context, p prepared) (account, error) {
	found, isThere, err := s.Auth.findByEmail(ctx, p.user.Email)
	if err != nil {
		return account{}, shown(err, doingList)
	}
	if !isThere || !found.isFor(p.user.Username) {
		return account{}, ErrAddressTaken
	}
	changed, err := s.Auth.setPassword(ctx, found.ID, p.password)
	if err != nil {
		return account{}, shown(err, doingPassword)
	}
	return changed, nil
}

// keep writes down which account the user is and that it was used.
func (s *Service) keep(ctx context.Context, p prepared, at account) (prepared, error) {
	if at.ID == "" {
		return prepared{}, ErrAuthServerRefused.Saying("The auth server answered without the user's id.")
	}
	after := p.user
	after.AuthUserID, after.LastUsedAt = at.ID, s.Now()
	if at.Email != "" { // somebody may have changed it there
		after.Email = at.Email
	}
	saved, err := s.Store.SaveTestUser(ctx, p.user, after)
	if err != nil {
		return prepared{}, err
	}
	if !saved {
		// Another replica wrote first; it speaks to the same auth server, where
		// the address is unique, so it is the same account.
		if after, err = s.Store.TestUser(ctx, after.ID); err != nil {
			return prepared{}, err
		}
		if after.AuthUserID != at.ID {
			return prepared{}, ErrAddressTaken
		}
	}
	p.user = after
	return p, nil
}
