package session

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"tessera/fault"
	"tessera/identity"
)

// maxChain bounds how far a token within its window is followed to the newest
// one of its chain: nobody refreshes more often than this in ten seconds.
const maxChain = 256

// NewToken returns a random token: 256 bits, base64url. It serves as a PKCE
// verifier too (RFC 7636 4.1).
func NewToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashOf(raw string) []byte {
	sum := sha256.Sum256([]byte(raw))
	return sum[:]
}

// successor derives the next token of the chain. Without the key nobody can:
// who holds one token does not hold the next.
func (k Keys) successor(raw string) string {
	mac := hmac.New(sha256.New, k.chain)
	mac.Write([]byte(raw))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Refresh exchanges a refresh token for its successor and a new access token.
// A token that comes back after its window ends the session, for every holder.
//
// Faults: ErrRefreshMalformed, ErrRefreshNotFound, ErrRefreshReused,
// ErrSessionExpired, identity.ErrUserBanned.
func (s *Service) Refresh(ctx context.Context, raw string) (Grant, error) {
	if !isTokenShaped(raw) {
		return Grant{}, ErrRefreshMalformed.On("refresh_token", "is missing or not a refresh token")
	}
	var step refreshStep
	err := s.InTx(ctx, func(ctx context.Context) error {
		step = refreshStep{}
		return s.advance(ctx, raw, &step)
	})
	if err == nil {
		err = step.refusal
	}
	if err != nil {
		s.observe("refresh_token", err)
		return Grant{}, err
	}
	s.Accounts.Seen(step.user)
	return s.grant(ctx, step.session, step.user, step.token)
}

// refreshStep is what one transaction found. A refusal is kept apart from an
// error, because ending the session must be committed although the caller is
// refused.
type refreshStep struct {
	session Session
	user    identity.User
	token   string
	refusal error
}

func (s *Service) advance(ctx context.Context, raw string, step *refreshStep) error {
	presented, err := s.Store.RefreshToken(ctx, hashOf(raw))
	if err != nil {
		return err
	}
	if step.session, err = s.Store.Session(ctx, presented.SessionID); err != nil {
		if errors.Is(err, ErrSessionNotFound) {
			return ErrRefreshNotFound
		}
		return err
	}
	if step.user, err = s.Accounts.User(ctx, step.session.UserID); err != nil {
		return err
	}
	if step.refusal, err = s.refuse(ctx, step); step.refusal != nil || err != nil {
		return err
	}
	if presented.ReplacedAt == nil {
		done, err := s.replace(ctx, presented, raw, step)
		if done || err != nil {
			return err
		}
		// Somebody was quicker: see when.
		if presented, err = s.Store.RefreshToken(ctx, presented.Hash); err != nil {
			return err
		}
	}
	return s.answerReplaced(ctx, presented, raw, step)
}

// refuse ends a session whose time is over, and turns banned users away.
func (s *Service) refuse(ctx context.Context, step *refreshStep) (refusal, err error) {
	if s.isOver(step.session) {
		_, err := s.Store.EndSession(ctx, step.session.ID)
		return ErrSessionExpired, err
	}
	return s.Accounts.Admit(step.user), nil
}

func (s *Service) replace(ctx context.Context, presented RefreshToken, raw string, step *refreshStep) (bool, error) {
	ids, err := newIDs(1)
	if err != nil {
		return false, err
	}
	next := s.Keys.successor(raw)
	now := s.Now()
	replaced, err := s.Store.ReplaceRefreshToken(ctx, presented.ID, RefreshToken{
		ID: ids[0], SessionID: presented.SessionID, Hash: hashOf(next), Generation: presented.Generation + 1, CreatedAt: now,
	})
	if !replaced || err != nil {
		return false, err
	}
	step.token, step.session.RefreshedAt = next, now
	return true, s.Accounts.Record(ctx, identity.ActionTokenRefreshed, step.user, map[string]any{
		"session_id": step.session.ID.String(),
	})
}

// answerReplaced hands out the newest token of the chain within the reuse
// window, and ends the session after it.
func (s *Service) answerReplaced(ctx context.Context, presented RefreshToken, raw string, step *refreshStep) error {
	if s.Now().Sub(*presented.ReplacedAt) > s.Config.ReuseWindow {
		step.refusal = ErrRefreshReused
		if _, err := s.Store.EndSession(ctx, presented.SessionID); err != nil {
			return err
		}
		return s.Accounts.Record(ctx, identity.ActionTokenReused, step.user, map[string]any{
			"session_id": presented.SessionID.String(), "generation": presented.Generation,
		})
	}
	next := raw
	for range maxChain {
		next = s.Keys.successor(next)
		found, err := s.Store.RefreshToken(ctx, hashOf(next))
		if err != nil {
			return fmt.Errorf("follow refresh chain: %w", err)
		}
		if found.ReplacedAt == nil {
			step.token = next
			return nil
		}
	}
	step.refusal = ErrRefreshReused
	_, err := s.Store.EndSession(ctx, presented.SessionID)
	return err
}

// isTokenShaped tells what could be a token from what could not. Older
// servers hand out 12 characters, so shorter is malformed and longer unknown.
func isTokenShaped(raw string) bool {
	if len(raw) < 12 || len(raw) > 256 {
		return false
	}
	for i := range len(raw) {
		c := raw[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.From(err).Code
}
