// Command directorybench measures the administrators' list of users at a size
// that no test waits for:
//
//	go run ./store/directorybench -users 1000000 -url sqlite:/tmp/directory.db
//	go run ./store/directorybench -users 1000000 -url postgres://postgres@/empty?host=/tmp/pg
//
// It migrates the database, which must hold no user yet, fills it in one
// statement with users of all kinds, and prints how long pages take.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store"
)

const (
	maxUsers = 5_000_000
	runs     = 25
	perPage  = 50
	deepPage = 500
)

func main() {
	users := flag.Int("users", 1_000_000, "how many users, at most 5000000")
	url := flag.String("url", "", "an empty database: sqlite:PATH or postgres://...")
	filled := flag.Bool("filled", false, "the database was filled by an earlier run")
	flag.Parse()
	if *users < 1 || *users > maxUsers || *url == "" {
		log.Fatal("directorybench: -users from 1 to 5000000 and -url are required")
	}
	if err := run(context.Background(), *url, *users, *filled); err != nil {
		log.Fatal("directorybench: ", err)
	}
}

func run(ctx context.Context, url string, users int, isFilled bool) error {
	started := time.Now()
	if !isFilled {
		if err := fill(ctx, url, users); err != nil {
			return err
		}
	}
	fmt.Printf("%d users in %s\n\n| %s | median ms | slowest ms | users |\n|---|---|---|---|\n",
		users, time.Since(started).Round(time.Second), strings.SplitN(url, ":", 2)[0])
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	s := &identity.Service{Directory: db.Users(), Now: time.Now}
	for _, c := range cases(users) {
		if err := c.measure(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// fill migrates the database and makes the users. Each column is spread by a
// multiplier of its own, so that no two orders of the list are alike.
func fill(ctx context.Context, url string, users int) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	driver, source, statements := "pgx", url, inPostgres
	if path, found := strings.CutPrefix(url, "sqlite:"); found {
		driver, source, statements = "sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-600000)", inSQLite
	}
	conn, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, strings.ReplaceAll(statement, "$USERS", fmt.Sprint(users))); err != nil {
			return err
		}
	}
	return nil
}

const columns = `INSERT INTO users (id, email, role, is_admin, is_anonymous, nickname, nickname_key, avatar_url, signup_source,
	last_sign_in_at, last_active_at, banned_until, created_at, updated_at) `

// One in five is anonymous, one in three was never seen, one in a thousand came
// from github, one in ten thousand is disabled.
var inPostgres = []string{
	columns + `SELECT ('0190' || lpad(to_hex(i), 8, '0') || '7000800000' || lpad(to_hex(i), 10, '0'))::uuid,
		CASE WHEN i % 5 = 0 THEN NULL ELSE 'user' || (i::bigint * 7919 % $USERS) || '@example.com' END, 'authenticated', i % 100000 = 1, i % 5 = 0,
		'Nick ' || (i::bigint * 104729 % $USERS), 'nick ' || (i::bigint * 104729 % $USERS), '',
		CASE WHEN i % 1000 = 7 THEN 'github' WHEN i % 5 = 0 THEN 'anonymous' ELSE 'email' END,
		CASE WHEN i % 3 = 0 THEN NULL ELSE timestamptz '2026-01-01' + (i::bigint * 6151 % $USERS) * interval '7 seconds' END,
		CASE WHEN i % 3 = 1 THEN NULL ELSE timestamptz '2026-01-01' + (i::bigint * 3079 % $USERS) * interval '7 seconds' END,
		CASE WHEN i % 10000 = 3 THEN timestamptz '9999-12-31' END,
		timestamptz '2025-01-01' + (i::bigint * 1543 % $USERS) * interval '11 seconds', now() FROM generate_series(1, $USERS) AS i`,
	`INSERT INTO auth_identities (id, user_id, provider_type, provider_key, provider_subject, email, origin, created_at, updated_at)
		SELECT id, id, signup_source, '', coalesce(email, 'subject-' || id), '', 'signup', created_at, created_at FROM users`,
	`ANALYZE users`, `ANALYZE auth_identities`,
}

var inSQLite = []string{
	`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $USERS) ` + columns +
		`SELECT printf('0190%04x-%04x-7000-8000-00%010x', i / 65536, i % 65536, i),
		CASE WHEN i % 5 = 0 THEN NULL ELSE 'user' || (i * 7919 % $USERS) || '@example.com' END, 'authenticated', i % 100000 = 1, i % 5 = 0,
		'Nick ' || (i * 104729 % $USERS), 'nick ' || (i * 104729 % $USERS), '',
		CASE WHEN i % 1000 = 7 THEN 'github' WHEN i % 5 = 0 THEN 'anonymous' ELSE 'email' END,
		CASE WHEN i % 3 = 0 THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%S', 1767225600 + (i * 6151 % $USERS) * 7, 'unixepoch') || '+00:00' END,
		CASE WHEN i % 3 = 1 THEN NULL ELSE strftime('%Y-%m-%d %H:%M:%S', 1767225600 + (i * 3079 % $USERS) * 7, 'unixepoch') || '+00:00' END,
		CASE WHEN i % 10000 = 3 THEN '9999-12-31 00:00:00+00:00' END,
		strftime('%Y-%m-%d %H:%M:%S', 1735689600 + (i * 1543 % $USERS) * 11, 'unixepoch') || '+00:00', '2026-01-01 00:00:00+00:00' FROM n`,
	`INSERT INTO auth_identities (id, user_id, provider_type, provider_key, provider_subject, email, origin, created_at, updated_at)
		SELECT id, id, signup_source, '', coalesce(email, 'subject-' || id), '', 'signup', created_at, created_at FROM users`,
}

// one is a list to measure, at its page.
type one struct {
	name string
	q    identity.UserQuery
	page int
}

func cases(users int) []one {
	var all []one
	for _, sort := range []identity.Sort{identity.SortCreated, identity.SortLastLogin, identity.SortLastActive, identity.SortEmail} {
		for _, page := range []int{1, deepPage} {
			all = append(all, one{fmt.Sprintf("%s, descending, page %d", sort, page), identity.UserQuery{Sort: sort}, page})
		}
		all = append(all, one{fmt.Sprintf("%s, ascending", sort), identity.UserQuery{Sort: sort, IsAscending: true}, 1})
	}
	subject := "subject-" + uuid.UUID{0x01, 0x90, 0, 0, 0, 5, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 5}.String()
	return append(all,
		one{"a source of one in a thousand, by last_active_at", identity.UserQuery{Source: "github", Sort: identity.SortLastActive}, 1},
		one{"a source of nobody, by email", identity.UserQuery{Source: "wechat", Sort: identity.SortEmail}, 1},
		one{"disabled, by last_login_at", identity.UserQuery{Status: identity.StatusDisabled, Sort: identity.SortLastLogin}, 1},
		one{"administrators", identity.UserQuery{Status: identity.StatusAdministrator}, 1},
		one{"deleted: none", identity.UserQuery{Status: identity.StatusDeleted}, 1},
		one{"anonymous, by last_active_at", identity.UserQuery{Source: "anonymous", Sort: identity.SortLastActive}, 1},
		one{"search: a whole address", identity.UserQuery{Search: fmt.Sprintf("user%d@example.com", users/2+1)}, 1},
		one{"search: all addresses begin so", identity.UserQuery{Search: "user"}, 1},
		one{"search: all nicknames begin so, by last_active_at", identity.UserQuery{Search: "NICK", Sort: identity.SortLastActive}, 1},
		one{"search: a subject", identity.UserQuery{Search: subject}, 1},
		one{"search: nobody", identity.UserQuery{Search: "zzzz"}, 1},
	)
}

// measure walks to the page, and reads it several times.
func (c one) measure(ctx context.Context, s *identity.Service) error {
	q := c.q
	q.Limit = perPage
	for range c.page - 1 {
		page, err := s.PageOfUsers(ctx, q)
		if err != nil {
			return err
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	var took []time.Duration
	found := 0
	for range runs {
		started := time.Now()
		page, err := s.PageOfUsers(ctx, q)
		if err != nil {
			return err
		}
		took = append(took, time.Since(started))
		found = len(page.Users)
	}
	slices.Sort(took)
	fmt.Printf("| %s | %s | %s | %d |\n", c.name, milliseconds(took[runs/2]), milliseconds(took[runs-1]), found)
	return nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }
