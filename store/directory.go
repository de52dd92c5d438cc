package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/authidentity"
	"tessera/store/ent/accountdb/authidentitychannel"
	"tessera/store/ent/accountdb/passkey"
	"tessera/store/ent/accountdb/predicate"
	"tessera/store/ent/accountdb/recoverycode"
	entuser "tessera/store/ent/accountdb/user"
)

var (
	_ identity.Directory     = (*Users)(nil)
	_ identity.ActivityStore = (*Users)(nil)
)

// sortColumns are the columns that a list may be ordered by. All but the first
// may be NULL, and each is in an index with the id.
var sortColumns = map[identity.Sort]string{
	identity.SortCreated:    entuser.FieldCreatedAt,
	identity.SortLastLogin:  entuser.FieldLastSignInAt,
	identity.SortLastActive: entuser.FieldLastActiveAt,
	identity.SortEmail:      entuser.FieldEmail,
}

// listedColumns are what a list shows. Password hashes and metadata stay where
// they are.
var listedColumns = []string{
	entuser.FieldID, entuser.FieldEmail, entuser.FieldEmailConfirmedAt, entuser.FieldRole, entuser.FieldIsAdmin,
	entuser.FieldIsAnonymous, entuser.FieldNickname, entuser.FieldAvatarURL, entuser.FieldSignupSource,
	entuser.FieldLastSignInAt, entuser.FieldLastActiveAt, entuser.FieldBannedUntil, entuser.FieldDeletedAt,
	entuser.FieldCreatedAt, entuser.FieldUpdatedAt,
}

// PageOfUsers implements identity.Directory. The list has two parts, each read
// from an index in its order: those with a value, then those without. NULL
// sorts first in one database and last in the other, so no query mixes them.
func (s *Users) PageOfUsers(ctx context.Context, l identity.Listing) ([]identity.User, bool, error) {
	filters := filtersOf(l)
	isCut := false
	if !l.Search.IsZero() {
		matches, cut, err := s.matches(ctx, l.Search)
		if err != nil || len(matches) == 0 {
			return nil, false, err
		}
		isCut = cut
		filters = append(filters, entuser.IDIn(matches...))
	}
	var users []identity.User
	if l.After == nil || !l.After.IsValueless() {
		var err error
		if users, err = s.part(ctx, l, filters, l.After, true, l.Limit); err != nil {
			return nil, false, err
		}
	}
	if l.Sort == identity.SortCreated || len(users) == l.Limit {
		return users, isCut, nil
	}
	after := l.After
	if after != nil && !after.IsValueless() {
		after = nil // the other part begins at its beginning
	}
	rest, err := s.part(ctx, l, filters, after, false, l.Limit-len(users))
	return append(users, rest...), isCut, err
}

// part reads on in the part of a list that has values, or in the other one.
func (s *Users) part(
	ctx context.Context, l identity.Listing, filters []predicate.User, after *identity.Position, hasValue bool, limit int,
) ([]identity.User, error) {
	query := s.db.accounts(ctx).User.Query().Where(filters...).Where(func(q *sql.Selector) {
		o := s.orderOf(q, l)
		if l.Sort != identity.SortCreated {
			is := sql.IsNull
			if hasValue {
				is = sql.NotNull
			}
			q.Where(is(o.column))
		}
		switch {
		case after != nil && hasValue:
			q.Where(o.beyond([]string{o.column, o.id}, valueOf(*after), after.ID))
		case !hasValue:
			// Always a range of ids: without one SQLite takes the unique index of
			// addresses for NULL too, as if there could be one, and sorts what it finds.
			q.Where(o.beyond([]string{o.id}, startOf(after, l.IsAscending)))
		}
		q.OrderExpr(sql.Raw(o.column+o.direction), sql.Raw(o.id+o.direction))
	}).Limit(limit).WithIdentities(func(q *accountdb.AuthIdentityQuery) {
		q.Order(authidentity.ByCreatedAt(), authidentity.ByID())
	})
	query.Select(listedColumns...)
	rows, err := query.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	users := make([]identity.User, len(rows))
	for i, row := range rows {
		users[i] = userOf(row)
	}
	return users, nil
}

// ordering is the order of a list in SQL.
type ordering struct {
	column, id, direction string
	beyond                func(columns []string, args ...any) *sql.Predicate
}

// orderOf returns the order of a list. Of users of a kind that is rare SQLite,
// which counts no values, would read an index in the list's order and look at
// every user for the few; a plus sign keeps it from that index, so that it
// reads the few from theirs and sorts them.
func (s *Users) orderOf(q *sql.Selector, l identity.Listing) ordering {
	o := ordering{q.C(sortColumns[l.Sort]), q.C(entuser.FieldID), " DESC", sql.CompositeLT}
	if l.IsAscending {
		o.direction, o.beyond = " ASC", sql.CompositeGT
	}
	if s.db.dialect == dialect.SQLite && isRare[l.Status] {
		o.column, o.id = "+"+o.column, "+"+o.id
	}
	return o
}

// isRare are the kinds of users that have an index of their own.
var isRare = map[identity.Status]bool{
	identity.StatusDisabled: true, identity.StatusAdministrator: true, identity.StatusDeleted: true,
}

// startOf is the id that a part without values is read from.
func startOf(after *identity.Position, isAscending bool) uuid.UUID {
	switch {
	case after != nil:
		return after.ID
	case isAscending:
		return uuid.Nil
	}
	return uuid.Max
}

func valueOf(p identity.Position) any {
	if p.Text != nil {
		return *p.Text
	}
	return utc(*p.Time)
}

func filtersOf(l identity.Listing) []predicate.User {
	var filters []predicate.User
	if l.Source != "" {
		filters = append(filters, entuser.SignupSource(l.Source))
	}
	if l.Status == identity.StatusDeleted {
		return append(filters, entuser.DeletedAtNotNil())
	}
	filters = append(filters, entuser.DeletedAtIsNil())
	now := utc(l.Now)
	switch l.Status {
	case identity.StatusActive:
		filters = append(filters, entuser.Or(entuser.BannedUntilIsNil(), entuser.BannedUntilLTE(now)))
	case identity.StatusDisabled:
		filters = append(filters, entuser.BannedUntilNotNil(), entuser.BannedUntilGT(now))
	case identity.StatusAdministrator:
		filters = append(filters, entuser.IsAdmin(true))
	}
	return filters
}

// endOfPrefix sorts behind every text that begins with what stands before it.
const endOfPrefix = "\U0010FFFF"

// matches returns the users that a term finds, at most MaxMatches of a kind.
// The beginning of a text is a range, since LIKE asks an index in one database
// only under conditions that differ from the other's.
func (s *Users) matches(ctx context.Context, t identity.SearchTerm) (found []uuid.UUID, isCut bool, err error) {
	users := s.db.accounts(ctx).User
	kinds := []func() ([]uuid.UUID, error){
		func() ([]uuid.UUID, error) {
			return users.Query().Where(entuser.EmailGTE(t.EmailPrefix), entuser.EmailLT(t.EmailPrefix+endOfPrefix)).
				Order(entuser.ByEmail()).Limit(identity.MaxMatches + 1).IDs(ctx)
		},
		func() ([]uuid.UUID, error) {
			return users.Query().Where(entuser.NicknameKeyGTE(t.NicknamePrefix), entuser.NicknameKeyLT(t.NicknamePrefix+endOfPrefix)).
				Order(entuser.ByNicknameKey()).Limit(identity.MaxMatches + 1).IDs(ctx)
		},
		func() ([]uuid.UUID, error) { return s.bySubject(ctx, t.Subject) },
	}
	if t.ID != uuid.Nil {
		found = append(found, t.ID)
	}
	for _, kind := range kinds {
		ids, err := kind()
		if err != nil {
			return nil, false, fmt.Errorf("search users: %w", err)
		}
		if len(ids) > identity.MaxMatches {
			ids, isCut = ids[:identity.MaxMatches], true
		}
		found = append(found, ids...)
	}
	return found, isCut, nil
}

func (s *Users) bySubject(ctx context.Context, subject string) ([]uuid.UUID, error) {
	rows, err := s.db.accounts(ctx).AuthIdentity.Query().Where(authidentity.ProviderSubject(subject)).
		Select(authidentity.FieldID, authidentity.FieldUserID).Limit(identity.MaxMatches + 1).All(ctx)
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.UserID
	}
	return ids, err
}

// FileOf implements identity.Directory.
func (s *Users) FileOf(ctx context.Context, id uuid.UUID) (identity.File, error) {
	client := s.db.accounts(ctx)
	file := identity.File{Channels: map[uuid.UUID][]identity.Channel{}}
	channels, err := client.AuthIdentityChannel.Query().
		Where(authidentitychannel.HasIdentityWith(authidentity.UserID(id))).
		Order(authidentitychannel.ByCreatedAt(), authidentitychannel.ByID()).All(ctx)
	if err != nil {
		return file, fmt.Errorf("read identity channels: %w", err)
	}
	for _, c := range channels {
		file.Channels[c.IdentityID] = append(file.Channels[c.IdentityID],
			identity.Channel{Name: c.Channel, AppID: c.ChannelAppID, Subject: c.ChannelSubject})
	}
	if file.Passkeys, err = client.Passkey.Query().Where(passkey.UserID(id)).Count(ctx); err != nil {
		return file, fmt.Errorf("count passkeys: %w", err)
	}
	file.RecoveryCodesLeft, err = client.RecoveryCode.Query().
		Where(recoverycode.UserID(id), recoverycode.UsedAtIsNil()).Count(ctx)
	if err != nil {
		return file, fmt.Errorf("count recovery codes: %w", err)
	}
	return file, nil
}

// TouchActive implements identity.ActivityStore.
func (s *Users) TouchActive(ctx context.Context, users []uuid.UUID, at, stale time.Time) (int, error) {
	n, err := s.db.accounts(ctx).User.Update().
		Where(entuser.IDIn(users...), entuser.Or(entuser.LastActiveAtIsNil(), entuser.LastActiveAtLTE(utc(stale)))).
		SetLastActiveAt(utc(at)).Save(ctx)
	if err != nil {
		return 0, fmt.Errorf("note activity: %w", err)
	}
	return n, nil
}

// HoldAdministrators implements identity.Store. Writing a row takes its lock,
// on both databases.
func (s *Users) HoldAdministrators(ctx context.Context) ([]identity.User, error) {
	if _, err := s.db.exec(ctx, `UPDATE users SET is_admin = is_admin WHERE is_admin = ?`, true); err != nil {
		return nil, fmt.Errorf("hold administrators: %w", err)
	}
	rows, err := s.db.accounts(ctx).User.Query().Where(entuser.IsAdmin(true)).
		Select(entuser.FieldID, entuser.FieldBannedUntil, entuser.FieldDeletedAt, entuser.FieldIsAnonymous).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read administrators: %w", err)
	}
	users := make([]identity.User, len(rows))
	for i, row := range rows {
		users[i] = userOf(row)
	}
	return users, nil
}
