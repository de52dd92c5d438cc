package session

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"tessera/identity"
)

// List returns a user's sessions that are not over, newest first.
func (s *Service) List(ctx context.Context, user identity.User) ([]Session, error) {
	all, err := s.Store.Sessions(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, s.isOver), nil
}

// End ends one session of a user, named by id, as seen from another. Fault:
// ErrSessionUnknown, also of a session that is somebody else's.
func (s *Service) End(ctx context.Context, user identity.User, id uuid.UUID) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Sessions(ctx, user.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(other Session) bool { return other.ID == id }) {
			return ErrSessionUnknown.On("id", "is no session of this account")
		}
		ended, err := s.Store.EndSession(ctx, id)
		if err != nil {
			return err
		}
		if !ended {
			return ErrSessionUnknown.On("id", "is over")
		}
		return s.Accounts.Record(ctx, identity.ActionLogout, user, map[string]any{
			"scope": "session", "session_id": id.String(),
		})
	})
}

// isOver reports whether a session's time has come, although nobody has
// presented its token since.
func (s *Service) isOver(one Session) bool {
	now := s.Now()
	if one.NotAfter != nil && !now.Before(*one.NotAfter) {
		return true
	}
	limit := s.Config.InactivityTimeout
	return limit > 0 && now.Sub(one.RefreshedAt) > limit
}
