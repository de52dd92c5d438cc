package testuser

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// User is a name for testing and the account behind it.
type User struct {
	ID         uuid.UUID
	Username   string
	Email      string // "" until an address was chosen
	AuthUserID string // the account's id at the auth server, "" until it was made
	CreatedAt  time.Time
	LastUsedAt time.Time // zero = never handed out
}

// Session is a test user handed out: credentials and tokens of the auth
// server. An anonymous one has neither name nor address nor password.
type Session struct {
	Username     string
	Email        string
	Password     string
	AccessToken  string
	RefreshToken string
	ExpiresAt    time.Time
	TokenType    string
	Reused       bool   // the account was there before this call
	AuthUserID   string // the account at the auth server
}

// Store keeps test users.
type Store interface {
	// ReserveTestUser adds the user, unless the name is taken: then it returns
	// the user who has it.
	ReserveTestUser(ctx context.Context, user User) (kept User, isNew bool, err error)
	// TestUser returns one. Faults: ErrNotFound.
	TestUser(ctx context.Context, id uuid.UUID) (User, error)
	// TestUsers returns all, oldest first.
	TestUsers(ctx context.Context) ([]User, error)
	// SaveTestUser writes address, account and last use where address and
	// account are still those of before.
	SaveTestUser(ctx context.Context, before, after User) (saved bool, err error)
}
