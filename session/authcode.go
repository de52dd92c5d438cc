package session

import (
	"context"
	"time"

	"tessera/identity"
)

// authCodeTTL is GoTrue's least life of a flow.
const authCodeTTL = 5 * time.Minute

// maxVerifierAttempts is how many wrong verifiers a code survives.
const maxVerifierAttempts = 3

// IssueCode hands out a one-time code for user, to be exchanged by who holds
// the challenge's verifier. Faults: those of identity.Service.Admit.
func (s *Service) IssueCode(ctx context.Context, user identity.User, challenge Challenge, method string) (string, error) {
	if err := s.Accounts.Admit(user); err != nil {
		return "", err
	}
	return s.putCode(ctx, AuthCode{UserID: user.ID, Challenge: challenge, AMRMethod: method})
}

// Linker gives a user the identity that a code carries, sealed;
// pendingauth.Service does.
type Linker interface {
	Link(ctx context.Context, user identity.User, sealed []byte) (identity.User, error)
}

// IssueLinkCode is IssueCode for a code that also gives user an identity, which
// the Linker opens when it is exchanged.
func (s *Service) IssueLinkCode(ctx context.Context, user identity.User, challenge Challenge, sealed []byte) (string, error) {
	if err := s.Accounts.Admit(user); err != nil {
		return "", err
	}
	return s.putCode(ctx, AuthCode{UserID: user.ID, Challenge: challenge, AMRMethod: MethodOAuth, LinkSealed: sealed})
}

func (s *Service) putCode(ctx context.Context, c AuthCode) (string, error) {
	ids, err := newIDs(1)
	if err != nil {
		return "", err
	}
	code := NewToken()
	c.ID, c.Hash, c.CreatedAt = ids[0], hashOf(code), s.Now()
	c.ExpiresAt = c.CreatedAt.Add(authCodeTTL)
	return code, s.Codes.PutAuthCode(ctx, c)
}

// Exchange starts a session for a code and its verifier (RFC 7636 4.6). A
// code works once, and is spent by three wrong verifiers.
//
// Faults: ErrCodeNotFound, ErrCodeExpired, ErrVerifierWrong, and those of Linker.
func (s *Service) Exchange(ctx context.Context, code, verifier string) (Grant, error) {
	grant, err := s.exchange(ctx, code, verifier)
	s.observe("pkce", err)
	return grant, err
}

func (s *Service) exchange(ctx context.Context, code, verifier string) (Grant, error) {
	found, err := s.Codes.AuthCodeByHash(ctx, hashOf(code))
	if err != nil {
		return Grant{}, err
	}
	if !s.Now().Before(found.ExpiresAt) {
		return Grant{}, ErrCodeExpired
	}
	if !found.Challenge.Matches(verifier) {
		if err := s.Codes.CountWrongVerifier(ctx, found.ID, maxVerifierAttempts); err != nil {
			return Grant{}, err
		}
		return Grant{}, ErrVerifierWrong.On("code_verifier", "is not the one the flow began with")
	}
	var grant Grant
	err = s.InTx(ctx, func(ctx context.Context) error {
		taken, err := s.Codes.TakeAuthCode(ctx, found.ID)
		if err != nil {
			return err
		}
		if !taken {
			return ErrCodeNotFound
		}
		user, err := s.Accounts.User(ctx, found.UserID)
		if err == nil && len(found.LinkSealed) > 0 {
			user, err = s.Linker.Link(ctx, user, found.LinkSealed)
		}
		if err != nil {
			return err
		}
		grant, err = s.Start(ctx, user, found.AMRMethod)
		return err
	})
	return grant, err
}
