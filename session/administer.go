package session

import (
	"context"
	"time"

	"tessera/identity"
)

// Disable keeps a user out until a time and ends all that they have open (see
// identity.Service.Disable).
func (s *Service) Disable(ctx context.Context, user identity.User, until time.Time, reason string) (identity.User, error) {
	var disabled identity.User
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		if disabled, err = s.Accounts.Disable(ctx, user.ID, until, reason); err != nil {
			return err
		}
		return s.Store.EndSessions(ctx, user.ID, noSession)
	})
	return disabled, err
}

// EndAll ends all sessions of a user, for an administrator.
func (s *Service) EndAll(ctx context.Context, user identity.User) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.EndSessions(ctx, user.ID, noSession); err != nil {
			return err
		}
		return s.Accounts.Record(ctx, identity.ActionSessionsEnded, user, nil)
	})
}
