// Package migrations holds the versioned schema changes of both databases, in
// goose's format. They are generated from the Ent schemas (see diff), read by
// a person, and never edited once released: a database remembers only that it
// ran them. They go forward only; a backup is the way back.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite returns SQLite's migrations.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres returns PostgreSQL's migrations.
func Postgres() fs.FS { return sub("postgres") }

func sub(dir string) fs.FS {
	fsys, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return fsys
}
