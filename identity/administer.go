package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tessera/fault"
)

// Forever is the end of a ban that has none.
var Forever = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// Faults of administration.
var (
	ErrCursorInvalid = fault.Declare(fault.Invalid, "identity.cursor_invalid",
		"The cursor cannot be used", "Send next of the page before with the same search, filters and order, or no cursor for the first page.")
	ErrSortUnknown = fault.Declare(fault.Invalid, "identity.sort_unknown",
		"Users cannot be sorted by that", "Use created_at, last_login_at, last_active_at or email.")
	ErrOwnAccount = fault.Declare(fault.Unprocessable, "identity.own_account",
		"Administrators cannot do this to their own account", "Ask another administrator.")
	ErrLastAdministrator = fault.Declare(fault.Unprocessable, "identity.last_administrator",
		"This is the last administrator who can sign in", "Make somebody else an administrator first.")
	ErrNotEligible = fault.Declare(fault.Unprocessable, "identity.not_eligible",
		"This user cannot be an administrator", "Choose a user who is neither anonymous, disabled nor deleted.")
	ErrDisableTime = fault.Declare(fault.Unprocessable, "identity.disable_time",
		"A user is disabled until a time to come, or forever", "Send a later time, or forever: true.")
	ErrReasonMissing = fault.Declare(fault.Unprocessable, "identity.reason_missing",
		"A reason is required", "Say in a few words why; it is kept in the audit log.")
)

// Disable keeps a user out until a time; Forever for good. Whoever ends the
// user's sessions with it is session.Service. Faults: ErrDisableTime,
// ErrOwnAccount, ErrLastAdministrator.
func (s *Service) Disable(ctx context.Context, id uuid.UUID, until time.Time, reason string) (User, error) {
	if !until.After(s.Now()) || until.After(Forever) {
		return User{}, ErrDisableTime.On("until", "is not a time to come")
	}
	if isActor(ctx, id) {
		return User{}, ErrOwnAccount
	}
	return s.administer(ctx, id, ActionDisabled, map[string]any{"until": until.UTC().Format(time.RFC3339), "reason": reason},
		func(ctx context.Context, u *User) error {
			u.BannedUntil = &until
			return s.keepAdministrator(ctx, *u)
		})
}

// Enable lets a user in again.
func (s *Service) Enable(ctx context.Context, id uuid.UUID) (User, error) {
	return s.administer(ctx, id, ActionEnabled, nil, func(_ context.Context, u *User) error {
		u.BannedUntil = nil
		return nil
	})
}

// SetAdministrator gives the administration to a user, or takes it away.
// Faults: ErrOwnAccount, ErrLastAdministrator, ErrNotEligible.
func (s *Service) SetAdministrator(ctx context.Context, id uuid.UUID, isAdmin bool) (User, error) {
	if isActor(ctx, id) {
		return User{}, ErrOwnAccount
	}
	if isAdmin {
		return s.administer(ctx, id, ActionAdminGranted, nil, func(_ context.Context, u *User) error {
			if u.IsAnonymous || s.Admit(*u) != nil {
				return ErrNotEligible
			}
			u.IsAdmin = true
			return nil
		})
	}
	return s.administer(ctx, id, ActionAdminRevoked, nil, func(ctx context.Context, u *User) error {
		err := s.keepAdministrator(ctx, *u)
		u.IsAdmin = false
		return err
	})
}

// administer changes a user who was not deleted, and records it with its detail.
func (s *Service) administer(
	ctx context.Context, id uuid.UUID, action Action, detail map[string]any, change func(context.Context, *User) error,
) (User, error) {
	var user User
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		user, err = s.Store.ChangeUser(ctx, id, func(u *User) error {
			if u.DeletedAt != nil {
				return ErrUserNotFound
			}
			return change(ctx, u)
		})
		if err != nil {
			return err
		}
		return s.Record(ctx, action, user, detail)
	})
	return user, err
}

// keepAdministrator refuses to lose a user who is the last administrator to be
// let in. It holds the rows of all administrators: of two calls that would
// each leave the other's, the second one waits, and then sees.
func (s *Service) keepAdministrator(ctx context.Context, leaving User) error {
	if !leaving.IsAdmin {
		return nil
	}
	administrators, err := s.Store.HoldAdministrators(ctx)
	if err != nil {
		return err
	}
	for _, other := range administrators {
		if other.ID != leaving.ID && s.Admit(other) == nil {
			return nil
		}
	}
	return ErrLastAdministrator
}

func isActor(ctx context.Context, id uuid.UUID) bool {
	actor, ok := ActorFrom(ctx)
	return ok && actor.ID == id
}

// Note writes an entry of the audit log that is about no user: a policy, a
// login provider.
func (s *Service) Note(ctx context.Context, action Action, detail map[string]any) error {
	entry := Entry{Action: action, Detail: detail}
	if actor, ok := ActorFrom(ctx); ok {
		entry.ActorID, entry.ActorName = actor.ID, actor.Name
	}
	return s.write(ctx, entry)
}
