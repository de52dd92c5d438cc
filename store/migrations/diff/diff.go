// Package diff writes the migration between the released schema and the one
// that the Ent schemas describe. Only the generator and the drift test use it.
package diff

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"text/template"
	"time"

	atlas "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/sqltool"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	accounts "tessera/store/ent/accountdb/migrate"
	gateway "tessera/store/ent/gatewaydb/migrate"
)

// SQLiteDevURL is a database in memory on which SQLite's migrations are
// replayed; PostgreSQL needs an empty database of a real server.
const SQLiteDevURL = "sqlite://dev?mode=memory&_pragma=foreign_keys(1)"

// Atlas opens databases under fixed driver names.
var registerDrivers = sync.OnceFunc(func() {
	sql.Register("sqlite3", &sqlite.Driver{})
	sql.Register("postgres", stdlib.GetDefaultDriver())
})

// forwardOnly is goose's format without a Down section: the ones that Atlas
// generates for SQLite drop the wrong tables.
var forwardOnly = mustFormatter(atlas.NewTemplateFormatter(
	template.Must(template.New("name").Funcs(template.FuncMap{"version": version}).Parse(`{{ version }}_{{ .Name }}.sql`)),
	template.Must(template.New("content").Parse(
		"-- +goose Up\n{{ range .Changes }}{{ with .Comment }}-- {{ printf \"%s\" . }}\n{{ end }}{{ .Cmd }};\n{{ end }}")),
))

// version orders a migration by when it was written; one for both databases.
var version = sync.OnceValue(func() string { return time.Now().UTC().Format("20060102150405") })

func mustFormatter(f atlas.Formatter, err error) atlas.Formatter {
	if err != nil {
		panic(err) // the templates are constants
	}
	return f
}

// Write replays the migrations in dir on the database at devURL and, where the
// Ent schemas differ from the result, adds a migration called name to dir.
func Write(ctx context.Context, dialectName, dir, devURL, name string) error {
	registerDrivers()
	goose, err := sqltool.NewGooseDir(dir)
	if err != nil {
		return fmt.Errorf("migration directory: %w", err)
	}
	m, err := schema.NewMigrateURL(devURL,
		schema.WithDir(goose),
		schema.WithFormatter(forwardOnly),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDialect(dialectName),
	)
	if err != nil {
		return fmt.Errorf("open %s dev database: %w", dialectName, err)
	}
	tables := append(append([]*schema.Table{}, accounts.Tables...), gateway.Tables...)
	collate(dialectName, tables)
	if err := m.NamedDiff(ctx, name, tables...); err != nil {
		return fmt.Errorf("diff for %s: %w", dialectName, err)
	}
	return nil
}

// ordered are the columns that are ordered, or searched by a range: in
// PostgreSQL they compare by bytes, as SQLite's do. With a collation of the
// database's own neither the order nor the beginning of a text would be certain.
var ordered = map[string][]string{
	"users":           {"email", "nickname_key"},
	"auth_identities": {"provider_subject"},
}

func collate(dialectName string, tables []*schema.Table) {
	collation := ""
	if dialectName == Postgres {
		collation = "C"
	}
	for _, table := range tables {
		for _, column := range table.Columns {
			if slices.Contains(ordered[table.Name], column.Name) {
				column.Collation = collation
			}
		}
	}
}

// Dialects of the two databases, as Ent names them.
const (
	SQLite   = dialect.SQLite
	Postgres = dialect.Postgres
)
