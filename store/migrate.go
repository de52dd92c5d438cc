package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"tessera/store/migrations"
)

// MigrationStatus is one migration and when it was applied, if it was.
type MigrationStatus struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero = pending
}

// migrateSQLite runs on a connection of its own with foreign keys off: a
// migration that rebuilds a table drops the old one, and with foreign keys on
// that DROP would silently delete all its children. The keys are checked
// afterwards, and the file is backed up before.
func migrateSQLite(ctx context.Context, path string, log *slog.Logger) error {
	db, err := sql.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return fmt.Errorf("open sqlite database: %w", err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite())
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if !pending {
		return refuseNewer(ctx, provider)
	}
	if err := backupSQLite(ctx, db, path, log); err != nil {
		return err
	}
	if err := up(ctx, provider, log); err != nil {
		return err
	}
	return checkForeignKeys(ctx, db)
}

// migratePostgres holds an advisory lock, so that replicas that start together
// migrate once.
func migratePostgres(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Postgres(), goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if !pending {
		return refuseNewer(ctx, provider)
	}
	return up(ctx, provider, log)
}

func up(ctx context.Context, provider *goose.Provider, log *slog.Logger) error {
	results, err := provider.Up(ctx)
	for _, r := range results {
		if r.Error == nil {
			log.InfoContext(ctx, "migration applied", "version", r.Source.Version, "took", r.Duration)
		}
	}
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return nil
}

// refuseNewer stops an old binary from running on a newer database.
func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	have, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if have > target {
		return fmt.Errorf("the database is at schema %d, this binary knows up to %d: run a newer tessera", have, target)
	}
	return nil
}

// backupSQLite copies a file that holds something before it is changed.
func backupSQLite(ctx context.Context, db *sql.DB, path string, log *slog.Logger) error {
	var tables int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'users'`).Scan(&tables)
	if err != nil {
		return fmt.Errorf("read sqlite database: %w", err)
	}
	if tables == 0 {
		return nil
	}
	var version int64
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	backup := fmt.Sprintf("%s.before-migration-from-%d", path, version)
	if err := os.Remove(backup); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old backup: %w", err)
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", backup); err != nil {
		return fmt.Errorf("back up before migrating: %w", err)
	}
	log.InfoContext(ctx, "database backed up before migrating", "file", backup)
	return nil
}

func checkForeignKeys(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("foreign key check: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var broken []string
	for rows.Next() {
		var table, parent string
		var rowID sql.NullInt64
		var key int
		if err := rows.Scan(&table, &rowID, &parent, &key); err != nil {
			return fmt.Errorf("foreign key check: %w", err)
		}
		broken = append(broken, fmt.Sprintf("%s row %d has no %s", table, rowID.Int64, parent))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("foreign key check: %w", err)
	}
	if len(broken) > 0 {
		return fmt.Errorf("the migration left rows without a parent; restore the backup: %s", strings.Join(broken, "; "))
	}
	return nil
}

// Migrations returns every migration, oldest first, and whether it is applied.
func (db *DB) Migrations(ctx context.Context) ([]MigrationStatus, error) {
	dialect, files := goose.DialectSQLite3, migrations.SQLite()
	if db.dialect == "postgres" {
		dialect, files = goose.DialectPostgres, migrations.Postgres()
	}
	provider, err := goose.NewProvider(dialect, db.write, files)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	all, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	out := make([]MigrationStatus, len(all))
	for i, s := range all {
		out[i] = MigrationStatus{Version: s.Source.Version, Name: s.Source.Path, AppliedAt: s.AppliedAt}
	}
	return out, nil
}
