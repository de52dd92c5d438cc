package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store"
	"tessera/store/storetest"
)

var listStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// people makes users of all sorts: ties in every column, values missing.
func people(t *testing.T, db *store.DB, n int) []identity.User {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same people each time
	sources := []string{"email", "github", "linuxdo"}
	maybe := func() *time.Time {
		if random.IntN(3) == 0 {
			return nil
		}
		at := listStart.Add(time.Duration(random.IntN(n/4+1)) * 1500 * time.Millisecond)
		return &at
	}
	var all []identity.User
	for i := range n {
		u := identity.User{
			ID: uuid.Must(uuid.NewV7()), Role: "authenticated", SignupSource: sources[random.IntN(3)], Nickname: fmt.Sprintf("Nick %03d", i),
			CreatedAt: listStart.Add(time.Duration(random.IntN(n/3+1)) * time.Second), UpdatedAt: listStart,
			LastSignInAt: maybe(), LastActiveAt: maybe(), BannedUntil: maybe(), IsAdmin: random.IntN(8) == 0, IsAnonymous: random.IntN(4) == 0,
		}
		if random.IntN(5) > 0 {
			u.Email = fmt.Sprintf("%c%d@example.com", "aB_z-é"[random.IntN(5)], i)
			u.Email = strings.ToLower(u.Email)
		}
		if random.IntN(10) == 0 {
			u.DeletedAt = &listStart
		}
		key := identity.Key{ProviderType: u.SignupSource, ProviderSubject: fmt.Sprint("subject-", i)}
		u.Identities = []identity.Identity{{ID: uuid.Must(uuid.NewV7()), UserID: u.ID, Key: key, CreatedAt: listStart, UpdatedAt: listStart}}
		if err := db.Users().CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// directory is the service over a database, at a time in the middle of all bans.
func directory(db *store.DB, n int) *identity.Service {
	return &identity.Service{
		Store: db.Users(), Directory: db.Users(), Audit: db.Audit(), InTx: db.InTx,
		Now: func() time.Time { return listStart.Add(time.Duration(n/8) * 1500 * time.Millisecond) },
	}
}

// orderOf compares users as a list in ascending order must have them, with
// those without a value apart.
func valueIn(sort identity.Sort, u identity.User) (value string, has bool) {
	at := &u.CreatedAt
	switch sort {
	case identity.SortEmail:
		return u.Email, u.Email != ""
	case identity.SortLastLogin:
		at = u.LastSignInAt
	case identity.SortLastActive:
		at = u.LastActiveAt
	}
	if at == nil {
		return "", false
	}
	return at.Format("2006-01-02T15:04:05.000000"), true
}

func inOrder(users []identity.User, q identity.UserQuery) []string {
	users = slices.Clone(users)
	slices.SortFunc(users, func(a, b identity.User) int {
		va, hasA := valueIn(q.Sort, a)
		vb, hasB := valueIn(q.Sort, b)
		if hasA != hasB {
			if hasA {
				return -1
			}
			return 1
		}
		c := strings.Compare(va, vb)
		if c == 0 {
			c = strings.Compare(a.ID.String(), b.ID.String())
		}
		if !q.IsAscending {
			c = -c
		}
		return c
	})
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID.String()
	}
	return ids
}

func keeps(q identity.UserQuery, u identity.User, now time.Time) bool {
	if q.Source != "" && u.SignupSource != q.Source {
		return false
	}
	if (u.DeletedAt != nil) != (q.Status == identity.StatusDeleted) {
		return false
	}
	switch q.Status {
	case identity.StatusActive:
		return !u.IsBanned(now)
	case identity.StatusDisabled:
		return u.IsBanned(now)
	case identity.StatusAdministrator:
		return u.IsAdmin
	}
	return true
}

var allSorts = []identity.Sort{identity.SortCreated, identity.SortLastLogin, identity.SortLastActive, identity.SortEmail}

// walk pages through a list to its end.
func walk(t *testing.T, s *identity.Service, q identity.UserQuery) []string {
	t.Helper()
	var got []string
	for range 1000 {
		page, err := s.PageOfUsers(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for _, u := range page.Users {
			if len(u.Identities) != 1 {
				t.Fatalf("user %s has %d identities in the list", u.ID, len(u.Identities))
			}
			got = append(got, u.ID.String())
		}
		if page.Next == "" {
			return got
		}
		q.Cursor = page.Next
	}
	t.Fatal("the list has no end")
	return nil
}

// Every order and filter, by pages of several sizes, lists whom it should, each
// once and in order; and so on both databases alike.
func TestUserListPagesInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n = 120
		all := people(t, db, n)
		s := directory(db, n)
		for _, sort := range allSorts {
			for _, ascending := range []bool{false, true} {
				for _, status := range []identity.Status{"", identity.StatusActive, identity.StatusDisabled, identity.StatusAdministrator, identity.StatusDeleted} {
					for _, source := range []string{"", "github", "nowhere"} {
						q := identity.UserQuery{Sort: sort, IsAscending: ascending, Status: status, Source: source, Limit: 7}
						if status == "" {
							q.Limit = 50
						}
						want := inOrder(slices.DeleteFunc(slices.Clone(all), func(u identity.User) bool { return !keeps(q, u, s.Now()) }), q)
						if got := walk(t, s, q); !slices.Equal(got, want) {
							t.Errorf("%+v: want %d users %v, got %d %v", q, len(want), want, len(got), got)
						}
					}
				}
			}
		}
	})
}

func TestUserSearch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		all := people(t, db, 40)
		s := directory(db, 40)
		named := func(nickname, email string) identity.User {
			u := identity.User{
				ID: uuid.Must(uuid.NewV7()), Role: "authenticated", Nickname: nickname, Email: email, CreatedAt: listStart, UpdatedAt: listStart,
			}
			u.Identities = []identity.Identity{{ID: uuid.Must(uuid.NewV7()), UserID: u.ID, Key: identity.EmailKey(email), CreatedAt: listStart, UpdatedAt: listStart}}
			if err := db.Users().CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			return u
		}
		alice, chinese, percent := named("Ａlice Ｗ", "alice+x@example.org"), named("小明同学", "xm@example.org"), named("100%_off", "off@example.org")
		for _, tc := range []struct {
			name, term string
			want       []identity.User
		}{
			{"the beginning of an address", "ALICE+", []identity.User{alice}},
			{"a whole address", " off@example.org ", []identity.User{percent}},
			{"the beginning of a nickname in another case and width", "aLiCe w", []identity.User{alice}},
			{"Chinese", "小明", []identity.User{chinese}},
			{"signs that LIKE would take for its own", "100%_", []identity.User{percent}},
			{"a percent sign is no wild card", "%", nil},
			{"an underscore is none either", "10__", nil},
			{"the middle of a nickname is no beginning", "lice", nil},
			{"an id", strings.ToUpper(alice.ID.String()), []identity.User{alice}},
			{"an id of nobody", uuid.NewString(), nil},
			{"a subject", "subject-7", []identity.User{all[7]}},
			{"the beginning of a subject is not enough", "subject-", nil},
			{"nothing like it", "nobody at all", nil},
		} {
			page, err := s.PageOfUsers(t.Context(), identity.UserQuery{Search: tc.term, Limit: 50, Status: map[bool]identity.Status{true: identity.StatusDeleted}[tc.want != nil && tc.want[0].DeletedAt != nil]})
			if err != nil || len(page.Users) != len(tc.want) || len(tc.want) == 1 && page.Users[0].ID != tc.want[0].ID {
				t.Errorf("%s: want %d users, got %d, %v", tc.name, len(tc.want), len(page.Users), err)
			}
		}
		q := identity.UserQuery{Search: "nick 0", Sort: identity.SortLastActive, Limit: 4}
		want := inOrder(slices.DeleteFunc(slices.Clone(all), func(u identity.User) bool { return u.DeletedAt != nil }), q)
		if got := walk(t, s, q); !slices.Equal(got, want) {
			t.Errorf("a search by pages: want %v, got %v", want, got)
		}
		if changed, err := db.Users().ChangeUser(t.Context(), alice.ID, func(u *identity.User) error { u.Nickname = "Éva"; return nil }); err != nil || changed.Nickname != "Éva" {
			t.Fatal(err)
		}
		if page, err := s.PageOfUsers(t.Context(), identity.UserQuery{Search: "éV", Limit: 5}); err != nil || len(page.Users) != 1 {
			t.Errorf("a changed nickname is found by its new beginning: %d, %v", len(page.Users), err)
		}
	})
}

func TestUserSearchIsCutWhereTooManyMatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			for i := range identity.MaxMatches + 2 {
				u := identity.User{ID: uuid.Must(uuid.NewV7()), Role: "authenticated", Nickname: fmt.Sprintf("crowd %04d", i), CreatedAt: listStart, UpdatedAt: listStart}
				if err := db.Users().CreateUser(ctx, u); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		page, err := directory(db, 8).PageOfUsers(t.Context(), identity.UserQuery{Search: "crowd", Limit: 10})
		if err != nil || !page.IsCut || len(page.Users) != 10 {
			t.Errorf("want ten users of a search that was cut, got %d, cut %v, %v", len(page.Users), page.IsCut, err)
		}
		if page, err = directory(db, 8).PageOfUsers(t.Context(), identity.UserQuery{Search: "crowd 01", Limit: 10}); err != nil || page.IsCut {
			t.Errorf("a narrower search is not cut: %v, %v", page.IsCut, err)
		}
	})
}

// Every query of the list can be answered from an index in its order: neither
// database needs to read all users, or to sort them.
func TestUserListReadsIndexes(t *testing.T) {
	for kind, url := range storetest.URLs(t) {
		t.Run(kind, func(t *testing.T) {
			type seen struct {
				query string
				args  []any
			}
			var queries []seen
			db, err := store.Open(t.Context(), url, store.Options{OnQuery: func(query string, args []any) {
				if strings.Contains(query, "FROM \"users\"") || strings.Contains(query, "FROM `users`") {
					queries = append(queries, seen{query, slices.Clone(args)})
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			people(t, db, 200)
			s := directory(db, 200)
			queries = nil
			for _, sort := range allSorts {
				for _, source := range []string{"", "github"} {
					for _, ascending := range []bool{false, true} {
						walk(t, s, identity.UserQuery{Sort: sort, Source: source, IsAscending: ascending, Limit: 20})
					}
				}
			}
			if _, _, err := db.Users().PageOfUsers(t.Context(), identity.Listing{
				Search: identity.SearchTerm{EmailPrefix: "zz", NicknamePrefix: "zz", Subject: "zz"}, Sort: identity.SortEmail, Limit: 3,
			}); err != nil {
				t.Fatal(err)
			}
			rare := len(queries)
			for _, status := range []identity.Status{identity.StatusDisabled, identity.StatusAdministrator, identity.StatusDeleted} {
				for _, sort := range allSorts {
					walk(t, s, identity.UserQuery{Sort: sort, Status: status, Limit: 20})
				}
			}
			if len(queries) < 60 {
				t.Fatalf("only %d queries", len(queries))
			}
			explain := explainer(t, kind, url)
			for i, q := range queries {
				plan := explain(q.query, q.args)
				if i >= rare { // a few users, read from an index of their own; sorted where their number is small
					if kind == "sqlite" && !strings.Contains(plan, "user_is_admin") && !strings.Contains(plan, "user_banned_until") && !strings.Contains(plan, "user_deleted_at") {
						t.Errorf("%s\n%v\n%s", q.query, q.args, plan)
					}
					continue
				}
				if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") ||
					strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN users\n") {
					t.Errorf("%s\n%v\n%s", q.query, q.args, plan)
				}
			}
		})
	}
}

// explainer returns how a database runs a query. PostgreSQL would read a table
// as small as a test's as a whole, and is told not to where it can be avoided.
func explainer(t *testing.T, kind, url string) func(query string, args []any) string {
	t.Helper()
	driver, source, verb := "pgx", url, "EXPLAIN "
	if kind == "sqlite" {
		driver, source, verb = "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_time_format=sqlite", "EXPLAIN QUERY PLAN "
	}
	conn, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = conn.Close() })
	if kind == "postgres" {
		for _, setting := range []string{"SET enable_seqscan = off", "SET enable_sort = off", "SET enable_incremental_sort = off", "SET enable_bitmapscan = off"} {
			if _, err := conn.ExecContext(t.Context(), setting); err != nil {
				t.Fatal(err)
			}
		}
	}
	return func(query string, args []any) string {
		rows, err := conn.QueryContext(t.Context(), verb+query, args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		defer func() { _ = rows.Close() }()
		var plan strings.Builder
		for rows.Next() {
			var line string
			var id, parent, unused int
			into := []any{&line}
			if kind == "sqlite" {
				into = []any{&id, &parent, &unused, &line}
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return plan.String()
	}
}

// However many replicas note a user at once, one of them writes.
func TestActivityIsWrittenOnceAMinuteOfAllReplicas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		users := people(t, db, 4)
		ids := make([]uuid.UUID, len(users))
		for i, u := range users {
			ids[i] = u.ID
		}
		at := listStart.Add(time.Hour)
		touch := func(at time.Time) (written int) {
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					n, err := db.Users().TouchActive(t.Context(), ids, at, at.Add(-time.Minute))
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					written += n
				})
			}
			wg.Wait()
			return written
		}
		if n := touch(at); n != len(users) {
			t.Errorf("20 replicas wrote %d rows for %d users", n, len(users))
		}
		if n := touch(at.Add(59 * time.Second)); n != 0 {
			t.Errorf("within the minute %d more were written", n)
		}
		if n := touch(at.Add(61 * time.Second)); n != len(users) {
			t.Errorf("a minute later %d rows were written for %d users", n, len(users))
		}
		if _, err := db.Users().ChangeUser(t.Context(), ids[0], func(u *identity.User) error {
			u.Nickname = "other"
			_, err := db.Users().TouchActive(t.Context(), ids[:1], at.Add(time.Hour), at.Add(time.Hour-time.Minute))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if u, err := db.Users().User(t.Context(), ids[0]); err != nil || !u.LastActiveAt.Equal(at.Add(time.Hour)) || u.Nickname != "other" {
			t.Errorf("a change that was under way took the note back: %v, %v", u.LastActiveAt, err)
		}
	})
}
