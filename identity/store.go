package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store keeps users and identities. All methods take part in the context's
// transaction. A user that does not exist is ErrUserNotFound.
type Store interface {
	// CreateUser writes the user and its identities. Faults: ErrEmailTaken,
	// ErrIdentityTaken, ErrUserExists.
	CreateUser(ctx context.Context, user User) error
	// User returns a user with all identities.
	User(ctx context.Context, id uuid.UUID) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)
	UserByIdentity(ctx context.Context, key Key) (User, error)
	// ChangeUser reads the user, applies change and writes what it changed,
	// again from the start when somebody else wrote in between; so change may
	// run several times. Identities are not written, nor when the user last
	// signed in or was active. Faults: ErrEmailTaken.
	ChangeUser(ctx context.Context, id uuid.UUID, change func(*User) error) (User, error)
	// ReplacePasswordHash writes next where the hash is still previous.
	ReplacePasswordHash(ctx context.Context, id uuid.UUID, previous, next string) (replaced bool, err error)
	// DeleteUser removes the user and all that hangs on it.
	DeleteUser(ctx context.Context, id uuid.UUID) error
	// ListUsers returns a page, newest first, and the number of all users.
	// Identities are left out.
	ListUsers(ctx context.Context, offset, limit int) ([]User, int, error)
	// AddIdentity writes one more identity. Faults: ErrIdentityTaken.
	AddIdentity(ctx context.Context, identity Identity) error
	// ChangeIdentity writes the mutable parts of an identity, its key included.
	// Faults: ErrIdentityTaken.
	ChangeIdentity(ctx context.Context, identity Identity) error
	// DeleteIdentity removes an identity; false when it was gone.
	DeleteIdentity(ctx context.Context, id uuid.UUID) (bool, error)
	// DropCredentials removes a user's passkeys, second factors and recovery
	// codes.
	DropCredentials(ctx context.Context, userID uuid.UUID) error
	// HoldAdministrators keeps every other writer of an administrator's row
	// waiting until this transaction is over, and returns the administrators:
	// id, ban and deletion only.
	HoldAdministrators(ctx context.Context) ([]User, error)
	// TouchSignIn notes a sign-in without changing the row's version.
	TouchSignIn(ctx context.Context, id uuid.UUID, at time.Time) error
	AvatarStore
}
