package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"entgo.io/ent/dialect/sql"

	"tessera/identity"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/authidentity"
	"tessera/store/ent/accountdb/authidentitychannel"
	"tessera/store/ent/accountdb/mfafactor"
	"tessera/store/ent/accountdb/predicate"
	entuser "tessera/store/ent/accountdb/user"
)

// Users implements identity.Store.
type Users struct{ db *DB }

// Users returns the store of users and identities.
func (db *DB) Users() *Users { return &Users{db} }

var _ identity.Store = (*Users)(nil)

// CreateUser implements identity.Store.
func (s *Users) CreateUser(ctx context.Context, u identity.User) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx)
		create := client.User.Create().SetID(u.ID).SetCreatedAt(utc(u.CreatedAt)).
			SetRole(u.Role).SetSignupSource(u.SignupSource)
		setUser(create.Mutation(), u)
		create.SetNillableLastSignInAt(utcOrNil(u.LastSignInAt)).SetNillableLastActiveAt(utcOrNil(u.LastActiveAt))
		if err := create.Exec(ctx); err != nil {
			return userConstraint(err)
		}
		for _, i := range u.Identities {
			if err := s.AddIdentity(ctx, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// setUser writes all mutable columns: the caller has read, or just made, the
// whole user. When the user last signed in or was active is not among them: it
// is noted without a new version of the row, so what was read may be old.
func setUser(m *accountdb.UserMutation, u identity.User) {
	setText(u.Email, m.SetEmail, m.ClearEmail)
	setText(u.NewEmail, m.SetNewEmail, m.ClearNewEmail)
	setText(u.PasswordHash, m.SetPasswordHash, m.ClearPasswordHash)
	setTime(u.EmailConfirmedAt, m.SetEmailConfirmedAt, m.ClearEmailConfirmedAt)
	setTime(u.EmailChangeSent, m.SetEmailChangeSentAt, m.ClearEmailChangeSentAt)
	setTime(u.ConfirmationSent, m.SetConfirmationSentAt, m.ClearConfirmationSentAt)
	setTime(u.RecoverySent, m.SetRecoverySentAt, m.ClearRecoverySentAt)
	setTime(u.ReauthSent, m.SetReauthenticationSentAt, m.ClearReauthenticationSentAt)
	setTime(u.InvitedAt, m.SetInvitedAt, m.ClearInvitedAt)
	setTime(u.BannedUntil, m.SetBannedUntil, m.ClearBannedUntil)
	setTime(u.DeletedAt, m.SetDeletedAt, m.ClearDeletedAt)
	m.SetRole(u.Role)
	m.SetIsAdmin(u.IsAdmin)
	m.SetIsAnonymous(u.IsAnonymous)
	m.SetNickname(u.Nickname)
	m.SetNicknameKey(identity.SearchKey(u.Nickname))
	m.SetAvatarURL(u.AvatarURL)
	m.SetAppMetadata(u.AppMetadata)
	m.SetUserMetadata(u.UserMetadata)
	m.SetUpdatedAt(utc(u.UpdatedAt))
}

func setText(value string, set func(string), unset func()) {
	if value == "" {
		unset()
		return
	}
	set(value)
}

func setTime(value *time.Time, set func(time.Time), unset func()) {
	if value == nil {
		unset()
		return
	}
	set(utc(*value))
}

// User implements identity.Store.
func (s *Users) User(ctx context.Context, id uuid.UUID) (identity.User, error) {
	return s.one(ctx, entuser.ID(id))
}

// UserByEmail implements identity.Store.
func (s *Users) UserByEmail(ctx context.Context, email string) (identity.User, error) {
	return s.one(ctx, entuser.Email(email))
}

// UserByIdentity implements identity.Store.
func (s *Users) UserByIdentity(ctx context.Context, key identity.Key) (identity.User, error) {
	return s.one(ctx, entuser.HasIdentitiesWith(
		authidentity.ProviderType(key.ProviderType),
		authidentity.ProviderKey(key.ProviderKey),
		authidentity.ProviderSubject(key.ProviderSubject),
	))
}

func (s *Users) one(ctx context.Context, where predicate.User) (identity.User, error) {
	row, err := s.db.accounts(ctx).User.Query().Where(where).
		WithIdentities(func(q *accountdb.AuthIdentityQuery) {
			q.Order(authidentity.ByCreatedAt(), authidentity.ByID())
		}).
		WithFactors(func(q *accountdb.MFAFactorQuery) {
			q.Order(mfafactor.ByCreatedAt(), mfafactor.ByID())
		}).Only(ctx)
	if accountdb.IsNotFound(err) {
		return identity.User{}, identity.ErrUserNotFound
	}
	if err != nil {
		return identity.User{}, fmt.Errorf("read user: %w", err)
	}
	return userOf(row), nil
}

// ChangeUser implements identity.Store. updated_at is the row's version: the
// write happens only where it is still the one that was read.
func (s *Users) ChangeUser(ctx context.Context, id uuid.UUID, change func(*identity.User) error) (identity.User, error) {
	for range maxAttempts {
		before, err := s.User(ctx, id)
		if err != nil {
			return identity.User{}, err
		}
		after := before
		if err := change(&after); err != nil {
			return identity.User{}, err
		}
		after.UpdatedAt = nextVersion(before.UpdatedAt, time.Now()) //nolint:forbidigo // a row version, not a business time
		update := s.db.accounts(ctx).User.Update().
			Where(entuser.ID(id), entuser.UpdatedAt(before.UpdatedAt))
		setUser(update.Mutation(), after)
		n, err := update.Save(ctx)
		if err != nil {
			return identity.User{}, userConstraint(err)
		}
		if n == 1 {
			return after, nil
		}
	}
	return identity.User{}, fmt.Errorf("change user %s: somebody else wrote %d times in between", id, maxAttempts)
}

// nextVersion is now, or a microsecond past before where the clock has not
// moved on.
func nextVersion(before, now time.Time) time.Time {
	if now = utc(now); now.After(before) {
		return now
	}
	return before.Add(time.Microsecond)
}

// ReplacePasswordHash implements identity.Store.
func (s *Users) ReplacePasswordHash(ctx context.Context, id uuid.UUID, previous, next string) (bool, error) {
	n, err := s.db.accounts(ctx).User.Update().
		Where(entuser.ID(id), entuser.PasswordHash(previous)).SetPasswordHash(next).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("replace password hash: %w", err)
	}
	return n == 1, nil
}

// TouchSignIn implements identity.Store.
func (s *Users) TouchSignIn(ctx context.Context, id uuid.UUID, at time.Time) error {
	err := s.db.accounts(ctx).User.Update().Where(entuser.ID(id)).
		SetLastSignInAt(utc(at)).SetLastActiveAt(utc(at)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note sign-in: %w", err)
	}
	return nil
}

// DeleteUser implements identity.Store.
func (s *Users) DeleteUser(ctx context.Context, id uuid.UUID) error {
	n, err := s.db.accounts(ctx).User.Delete().Where(entuser.ID(id)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	if n == 0 {
		return identity.ErrUserNotFound
	}
	return nil
}

// ListUsers implements identity.Store.
func (s *Users) ListUsers(ctx context.Context, offset, limit int) ([]identity.User, int, error) {
	client := s.db.accounts(ctx)
	total, err := client.User.Query().Count(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("count users: %w", err)
	}
	rows, err := client.User.Query().
		Order(entuser.ByCreatedAt(sql.OrderDesc()), entuser.ByID(sql.OrderDesc())).
		Offset(offset).Limit(limit).All(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	users := make([]identity.User, len(rows))
	for i, row := range rows {
		users[i] = userOf(row)
	}
	return users, total, nil
}

// AddIdentity implements identity.Store.
func (s *Users) AddIdentity(ctx context.Context, i identity.Identity) error {
	create := s.db.accounts(ctx).AuthIdentity.Create().
		SetID(i.ID).SetUserID(i.UserID).SetOrigin(string(i.Origin)).SetCreatedAt(utc(i.CreatedAt))
	setIdentity(create.Mutation(), i)
	if err := create.Exec(ctx); err != nil {
		return identityConstraint(err)
	}
	return s.keepChannels(ctx, i)
}

// keepChannels writes an identity's channels. One that another identity had
// moves over: the provider says whose it is now.
func (s *Users) keepChannels(ctx context.Context, i identity.Identity) error {
	for _, c := range i.Channels {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		err = s.db.accounts(ctx).AuthIdentityChannel.Create().SetID(id).SetIdentityID(i.ID).
			SetProviderType(i.ProviderType).SetProviderKey(i.ProviderKey).
			SetChannel(c.Name).SetChannelAppID(c.AppID).SetChannelSubject(c.Subject).
			SetCreatedAt(utc(i.UpdatedAt)).SetUpdatedAt(utc(i.UpdatedAt)).
			OnConflictColumns(
				authidentitychannel.FieldProviderType, authidentitychannel.FieldProviderKey, authidentitychannel.FieldChannel,
				authidentitychannel.FieldChannelAppID, authidentitychannel.FieldChannelSubject,
			).Update(func(u *accountdb.AuthIdentityChannelUpsert) {
			u.SetIdentityID(i.ID).SetUpdatedAt(utc(i.UpdatedAt))
		}).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write identity channel: %w", err)
		}
	}
	return nil
}

// DeleteIdentity implements identity.Store.
func (s *Users) DeleteIdentity(ctx context.Context, id uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).AuthIdentity.Delete().Where(authidentity.ID(id)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("delete identity: %w", err)
	}
	return n == 1, nil
}

// ChangeIdentity implements identity.Store.
func (s *Users) ChangeIdentity(ctx context.Context, i identity.Identity) error {
	update := s.db.accounts(ctx).AuthIdentity.UpdateOneID(i.ID)
	setIdentity(update.Mutation(), i)
	if err := update.Exec(ctx); err != nil {
		return identityConstraint(err)
	}
	return s.keepChannels(ctx, i)
}

func setIdentity(m *accountdb.AuthIdentityMutation, i identity.Identity) {
	m.SetProviderType(i.ProviderType)
	m.SetProviderKey(i.ProviderKey)
	m.SetProviderSubject(i.ProviderSubject)
	m.SetEmail(i.Email)
	m.SetClaims(i.Claims)
	setTime(i.VerifiedAt, m.SetVerifiedAt, m.ClearVerifiedAt)
	setTime(i.LastSignInAt, m.SetLastSignInAt, m.ClearLastSignInAt)
	m.SetUpdatedAt(utc(i.UpdatedAt))
}

// userConstraint names the rule behind a violated constraint of users.
func userConstraint(err error) error {
	switch {
	case err == nil:
		return nil
	case accountdb.IsConstraintError(err) && strings.Contains(err.Error(), "email"):
		return identity.ErrEmailTaken.On("email", "has an account").Because(err)
	case accountdb.IsConstraintError(err):
		return identity.ErrUserExists.Because(err)
	}
	return fmt.Errorf("write user: %w", err)
}

func identityConstraint(err error) error {
	if accountdb.IsConstraintError(err) {
		return identity.ErrIdentityTaken.Because(err)
	}
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	return nil
}

func userOf(row *accountdb.User) identity.User {
	u := identity.User{
		ID: row.ID, Email: textOf(row.Email), EmailConfirmedAt: utcOrNil(row.EmailConfirmedAt),
		NewEmail: textOf(row.NewEmail), EmailChangeSent: utcOrNil(row.EmailChangeSentAt),
		PasswordHash: textOf(row.PasswordHash), Role: row.Role, IsAdmin: row.IsAdmin, IsAnonymous: row.IsAnonymous,
		Nickname: row.Nickname, AvatarURL: row.AvatarURL,
		AppMetadata: row.AppMetadata, UserMetadata: row.UserMetadata, SignupSource: row.SignupSource,
		ConfirmationSent: utcOrNil(row.ConfirmationSentAt), RecoverySent: utcOrNil(row.RecoverySentAt),
		ReauthSent: utcOrNil(row.ReauthenticationSentAt), InvitedAt: utcOrNil(row.InvitedAt),
		LastSignInAt: utcOrNil(row.LastSignInAt), LastActiveAt: utcOrNil(row.LastActiveAt),
		BannedUntil: utcOrNil(row.BannedUntil), DeletedAt: utcOrNil(row.DeletedAt),
		CreatedAt: utc(row.CreatedAt), UpdatedAt: utc(row.UpdatedAt),
	}
	for _, i := range row.Edges.Identities {
		u.Identities = append(u.Identities, identity.Identity{
			ID: i.ID, UserID: i.UserID,
			Key:   identity.Key{ProviderType: i.ProviderType, ProviderKey: i.ProviderKey, ProviderSubject: i.ProviderSubject},
			Email: i.Email, Claims: i.Claims, Origin: identity.Origin(i.Origin),
			VerifiedAt: utcOrNil(i.VerifiedAt), LastSignInAt: utcOrNil(i.LastSignInAt),
			CreatedAt: utc(i.CreatedAt), UpdatedAt: utc(i.UpdatedAt),
		})
	}
	for _, f := range row.Edges.Factors {
		u.Factors = append(u.Factors, factorOf(f))
	}
	return u
}

func textOf(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}
