package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tessera/store"
	"tessera/store/migrations/diff"
	"tessera/store/storetest"
)

func TestOpenAnswersAndReportsMigrations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := db.Migrations(t.Context())
		if err != nil || len(all) == 0 {
			t.Fatalf("migrations: %v, %v", all, err)
		}
		for _, m := range all {
			if m.AppliedAt.IsZero() {
				t.Errorf("migration %d is pending after Open", m.Version)
			}
		}
	})
}

func TestASecondServerOnOneSQLiteFileIsRefused(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "one.db")
	first, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), url, store.Options{}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("the second open should say that the file is in use, got %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatalf("after Close the file should be free: %v", err)
	}
	_ = again.Close()
}

func TestAfterCommitRunsOnlyAfterACommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ran := 0
		boom := errors.New("boom")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			db.AfterCommit(ctx, func() { ran++ })
			return boom
		})
		if !errors.Is(err, boom) || ran != 0 {
			t.Fatalf("rolled back: err %v, hooks run %d", err, ran)
		}
		err = db.InTx(t.Context(), func(ctx context.Context) error {
			db.AfterCommit(ctx, func() { ran++ })
			return db.InTx(ctx, func(context.Context) error { return nil }) // joins
		})
		if err != nil || ran != 1 {
			t.Fatalf("committed: err %v, hooks run %d", err, ran)
		}
	})
}

// TestMigrationsMatchTheSchema fails when an Ent schema was changed without a
// migration: replaying the released ones must leave nothing to add.
func TestMigrationsMatchTheSchema(t *testing.T) {
	dev := map[string]struct{ dialect, dir string }{
		"sqlite":   {diff.SQLite, "migrations/sqlite"},
		"postgres": {diff.Postgres, "migrations/postgres"},
	}
	for kind, url := range storetest.URLs(t) {
		t.Run(kind, func(t *testing.T) {
			if kind == "sqlite" {
				url = diff.SQLiteDevURL
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(dev[kind].dir)); err != nil {
				t.Fatal(err)
			}
			before := fileNames(t, dir)
			if err := diff.Write(t.Context(), dev[kind].dialect, dir, url, "drift"); err != nil {
				t.Fatal(err)
			}
			if after := fileNames(t, dir); len(after) != len(before) {
				t.Errorf("the schema differs from the migrations: run `make migration NAME=...`; files now %v", after)
			}
		})
	}
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
