package session

import (
	"context"

	"github.com/google/uuid"

	"tessera/identity"
)

// Scope says which of a user's sessions a sign-out ends.
type Scope string

// Scopes of a sign-out.
const (
	ScopeGlobal Scope = "global" // every session
	ScopeLocal  Scope = "local"  // this one
	ScopeOthers Scope = "others" // all but this one
)

// SignOut ends sessions of a user, as seen from one of them. Faults:
// ErrScopeUnknown.
func (s *Service) SignOut(ctx context.Context, user identity.User, from Session, scope Scope) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.end(ctx, user.ID, from.ID, scope); err != nil {
			return err
		}
		return s.Accounts.Record(ctx, identity.ActionLogout, user, map[string]any{
			"scope": string(scope), "session_id": from.ID.String(),
		})
	})
}

func (s *Service) end(ctx context.Context, userID, sessionID uuid.UUID, scope Scope) error {
	switch scope {
	case ScopeGlobal:
		return s.Store.EndSessions(ctx, userID, uuid.Nil)
	case ScopeOthers:
		return s.Store.EndSessions(ctx, userID, sessionID)
	case ScopeLocal:
		_, err := s.Store.EndSession(ctx, sessionID)
		return err
	}
	return ErrScopeUnknown.Saying("Unsupported logout scope %q", string(scope)).On("scope", "is not global, local or others")
}
