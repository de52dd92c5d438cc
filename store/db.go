package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	_ "modernc.org/sqlite"             // registers "sqlite"

	"tessera/store/ent/accountdb"
	"tessera/store/ent/gatewaydb"
)

// Options adjusts [Open]. The zero value is what a server wants.
type Options struct {
	Log *slog.Logger
	// SkipMigrations opens the database as it stands.
	SkipMigrations bool
	// OnQuery, if set, is told of every query that Ent makes outside a
	// transaction, before it runs: tests look at how the database would run it.
	OnQuery func(query string, args []any)
	// MaxConns bounds the PostgreSQL pool; 0 = 16. SQLite has one writer and
	// four readers whatever this says.
	MaxConns int
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect string // dialect.SQLite or dialect.Postgres
	write   *sql.DB
	read    *sql.DB // the same pool as write on PostgreSQL
	lock    *os.File

	account *accountdb.Client
	gateway *gatewaydb.Client
	log     *slog.Logger
	onQuery func(query string, args []any)
}

// Open opens the database that rawURL names and brings its schema up to date:
// "sqlite:PATH" (one process at a time) or "postgres://...".
func Open(ctx context.Context, rawURL string, opts Options) (*DB, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	scheme, rest, _ := strings.Cut(rawURL, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest, opts)
	case "postgres", "postgresql":
		return openPostgres(ctx, rawURL, opts)
	}
	return nil, fmt.Errorf("database url: want sqlite:PATH or postgres://..., got scheme %q", scheme)
}

// sqliteDSN is the connection string of one pool. _txlock=immediate takes the
// write lock at BEGIN, so that a transaction never fails half way for having
// read first; the time settings make text comparison of times right.
func sqliteDSN(path string, foreignKeys bool, extra ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"}}
	pragmas := append([]string{"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)"}, extra...)
	if foreignKeys {
		pragmas = append(pragmas, "foreign_keys(1)")
	}
	q["_pragma"] = pragmas
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func openSQLite(ctx context.Context, path string, opts Options) (*DB, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || path == ":memory:" {
		return nil, errors.New("database url: sqlite needs a file, as in sqlite:data/tessera.db")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("database directory: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: dialect.SQLite, lock: lock, log: opts.Log, onQuery: opts.OnQuery}
	if !opts.SkipMigrations {
		if err := migrateSQLite(ctx, path, opts.Log); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if db.write, err = sql.Open("sqlite", sqliteDSN(path, true)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite", sqliteDSN(path, true, "query_only(1)")); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.read.SetMaxOpenConns(4)
	db.read.SetMaxIdleConns(4)
	if err := db.write.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open sqlite database: %w", err), db.Close())
	}
	db.attach()
	return db, nil
}

func openPostgres(ctx context.Context, dsn string, opts Options) (*DB, error) {
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open postgres database: %w", err)
	}
	if opts.MaxConns == 0 {
		opts.MaxConns = 16
	}
	pool.SetMaxOpenConns(opts.MaxConns)
	pool.SetMaxIdleConns(opts.MaxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db := &DB{dialect: dialect.Postgres, write: pool, read: pool, log: opts.Log, onQuery: opts.OnQuery}
	if !opts.SkipMigrations {
		if err := migratePostgres(ctx, pool, opts.Log); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	db.attach()
	return db, nil
}

func (db *DB) attach() {
	drv := db.driver()
	if db.onQuery != nil {
		drv = &watchedDriver{drv, db.onQuery}
	}
	db.account = accountdb.NewClient(accountdb.Driver(drv))
	db.gateway = gatewaydb.NewClient(gatewaydb.Driver(drv))
}

// Close releases the connections and, on SQLite, the file's lock.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers a read and, on SQLite, whether
// its writer does.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.read.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Dialect returns "sqlite3" or "postgres".
func (db *DB) Dialect() string { return db.dialect }

// driver is what Ent talks to outside a transaction.
func (db *DB) driver() dialect.Driver {
	if db.dialect == dialect.SQLite {
		return &splitDriver{
			Driver: entsql.OpenDB(dialect.SQLite, db.write),
			read:   entsql.OpenDB(dialect.SQLite, db.read),
		}
	}
	return entsql.OpenDB(dialect.Postgres, db.write)
}

// watchedDriver tells of queries before it runs them.
type watchedDriver struct {
	dialect.Driver
	onQuery func(query string, args []any)
}

// Query implements dialect.ExecQuerier.
func (d *watchedDriver) Query(ctx context.Context, query string, args, v any) error {
	list, _ := args.([]any)
	d.onQuery(query, list)
	return d.Driver.Query(ctx, query, args, v)
}

// splitDriver sends reads to the reader pool and all else to the one writer.
// Ent runs INSERT ... RETURNING through Query, hence the look at the verb.
type splitDriver struct {
	*entsql.Driver
	read *entsql.Driver
}

// Query implements dialect.ExecQuerier.
func (d *splitDriver) Query(ctx context.Context, query string, args, v any) error {
	if isRead(query) {
		return d.read.Query(ctx, query, args, v)
	}
	return d.Driver.Query(ctx, query, args, v)
}

func isRead(query string) bool {
	verb := strings.TrimLeft(query, " \t\r\n(")
	return len(verb) >= 6 && strings.EqualFold(verb[:6], "SELECT")
}
