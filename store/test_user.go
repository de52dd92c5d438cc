package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"tessera/store/ent/accountdb"
	enttestuser "tessera/store/ent/accountdb/testuser"
	"tessera/testuser"
)

// TestUsers implements testuser.Store.
type TestUsers struct{ db *DB }

// TestUsers returns the store of test users.
func (db *DB) TestUsers() *TestUsers { return &TestUsers{db} }

var _ testuser.Store = (*TestUsers)(nil)

// ReserveTestUser implements testuser.Store. The unique index on username
// decides between calls that race.
func (s *TestUsers) ReserveTestUser(ctx context.Context, u testuser.User) (testuser.User, bool, error) {
	result, err := s.db.exec(ctx, `INSERT INTO test_users (id, username, email, auth_user_id, created_at)
		VALUES (?, ?, '', '', ?) ON CONFLICT (username) DO NOTHING`, u.ID, u.Username, utc(u.CreatedAt))
	if err != nil {
		return testuser.User{}, false, fmt.Errorf("reserve test user: %w", err)
	}
	added, err := result.RowsAffected()
	if err != nil {
		return testuser.User{}, false, err
	}
	row, err := s.db.accounts(ctx).TestUser.Query().Where(enttestuser.Username(u.Username)).Only(ctx)
	if err != nil {
		return testuser.User{}, false, fmt.Errorf("reserve test user: %w", err)
	}
	return testUserOf(row), added == 1, nil
}

// TestUser implements testuser.Store.
func (s *TestUsers) TestUser(ctx context.Context, id uuid.UUID) (testuser.User, error) {
	row, err := s.db.accounts(ctx).TestUser.Get(ctx, id)
	if accountdb.IsNotFound(err) {
		return testuser.User{}, testuser.ErrNotFound
	}
	if err != nil {
		return testuser.User{}, fmt.Errorf("read test user: %w", err)
	}
	return testUserOf(row), nil
}

// TestUsers implements testuser.Store.
func (s *TestUsers) TestUsers(ctx context.Context) ([]testuser.User, error) {
	rows, err := s.db.accounts(ctx).TestUser.Query().Order(enttestuser.ByCreatedAt(), enttestuser.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read test users: %w", err)
	}
	users := make([]testuser.User, len(rows))
	for i, row := range rows {
		users[i] = testUserOf(row)
	}
	return users, nil
}

// SaveTestUser implements testuser.Store.
func (s *TestUsers) SaveTestUser(ctx context.Context, before, after testuser.User) (bool, error) {
	n, err := s.db.accounts(ctx).TestUser.Update().
		Where(enttestuser.ID(before.ID), enttestuser.Email(before.Email), enttestuser.AuthUserID(before.AuthUserID)).
		SetEmail(after.Email).SetAuthUserID(after.AuthUserID).SetNillableLastUsedAt(timeOrNil(after.LastUsedAt)).
		Save(ctx)
	if err != nil {
		return false, fmt.Errorf("save test user: %w", err)
	}
	return n == 1, nil
}

func testUserOf(row *accountdb.TestUser) testuser.User {
	return testuser.User{
		ID: row.ID, Username: row.Username, Email: row.Email, AuthUserID: row.AuthUserID,
		CreatedAt: utc(row.CreatedAt), LastUsedAt: timeOrZero(row.LastUsedAt),
	}
}
