package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Service keeps the rules of accounts. Its fields are set once, before use;
// it is safe for concurrent use.
type Service struct {
	Store  Store
	Audit  AuditLog
	Hasher *Hasher
	// Directory finds users for administrators.
	Directory Directory
	// Activity notes when users were last active; nil notes nothing.
	Activity *Activity
	// InTx runs a function in a transaction that the context carries.
	InTx   func(context.Context, func(context.Context) error) error
	Now    func() time.Time
	Config Config
	// CountPasskeys, if set, counts the passkeys that let a user in.
	CountPasskeys func(ctx context.Context, userID uuid.UUID) (int, error)
}

// User returns a user with all identities. Faults: ErrUserNotFound.
func (s *Service) User(ctx context.Context, id uuid.UUID) (User, error) {
	return s.Store.User(ctx, id)
}

// Admit is the one rule of who may be signed in, or stay so: not a user who
// was deleted or is banned. Whatever opens, refreshes or uses a session asks
// it. Faults: ErrUserNotFound, ErrUserBanned.
func (s *Service) Admit(user User) error {
	switch {
	case user.DeletedAt != nil:
		return ErrUserNotFound
	case user.IsBanned(s.Now()):
		return ErrUserBanned
	}
	return nil
}

// Seen notes that a user is active: whatever lets somebody in by a session or
// an issuer's token says so.
func (s *Service) Seen(user User) {
	if s.Activity != nil {
		s.Activity.Seen(user.ID)
	}
}

// Record writes one entry of the audit log about a user, with what the
// context knows of the request.
func (s *Service) Record(ctx context.Context, action Action, user User, detail map[string]any) error {
	entry := Entry{Action: action, UserID: user.ID, Detail: detail}
	if actor, ok := ActorFrom(ctx); ok {
		entry.ActorID, entry.ActorName = actor.ID, actor.Name
	} else {
		entry.ActorID, entry.ActorName = user.ID, user.Email
	}
	return s.write(ctx, entry)
}

func (s *Service) write(ctx context.Context, entry Entry) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	entry.ID, entry.At, entry.Origin = id, s.Now(), RequestFrom(ctx)
	return s.Audit.WriteAudit(ctx, entry)
}

// Actor is who acts, where that is not the user acted upon.
type Actor struct {
	ID   uuid.UUID // zero for an API key
	Name string    // e-mail address, or the key's role
}

type actorKey struct{}

// WithActor returns a context whose audit entries name actor.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorFrom returns the actor that WithActor put there.
func ActorFrom(ctx context.Context) (Actor, bool) {
	actor, ok := ctx.Value(actorKey{}).(Actor)
	return actor, ok
}
