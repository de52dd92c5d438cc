package session

import (
	"context"

	"tessera/identity"
)

// Elevate raises a session to aal2 after its user gave a second factor, and
// ends the user's other sessions that have not. The session goes on with a
// refresh token that no earlier one leads to: whoever holds one of those stays
// without the second factor.
func (s *Service) Elevate(ctx context.Context, user identity.User, from Session, method string) (Grant, error) {
	ids, err := newIDs(1)
	if err != nil {
		return Grant{}, err
	}
	now := s.Now()
	refresh := NewToken()
	raised := from
	raised.AAL, raised.RefreshedAt, raised.ConfirmedAt = "aal2", now, &now
	raised.AMR = withMethod(from.AMR, method, now)
	err = s.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.RaiseSession(ctx, raised, RefreshToken{
			ID: ids[0], SessionID: from.ID, Hash: hashOf(refresh), CreatedAt: now,
		})
		if err != nil {
			return err
		}
		all, err := s.Store.Sessions(ctx, user.ID)
		if err != nil {
			return err
		}
		for _, other := range all {
			if other.ID != from.ID && !other.HasSecondFactor() {
				if _, err := s.Store.EndSession(ctx, other.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return Grant{}, err
	}
	return s.grant(ctx, raised, user, refresh)
}

// ShowSecondFactor takes a code of an authenticator app, or a recovery code,
// and raises the session. The caller limits how often it is asked. Faults:
// those of identity.Factors.Verify.
func (s *Service) ShowSecondFactor(ctx context.Context, user identity.User, from Session, code string) (Grant, error) {
	isRecovery, err := s.Factors.Verify(ctx, user.ID, code)
	if err != nil {
		return Grant{}, err
	}
	method := MethodTOTP
	if isRecovery {
		method = MethodRecovery
	}
	return s.Elevate(ctx, user, from, method)
}
