// Command generate adds a migration for each database from the Ent schemas:
//
//	go run ./store/migrations/generate -name what_changed -postgres postgres://.../empty
package main

import (
	"context"
	"flag"
	"log"
	"path/filepath"

	"tessera/store/migrations/diff"
)

func main() {
	name := flag.String("name", "", "what the migration changes, in snake_case")
	dir := flag.String("dir", "store/migrations", "the folder of both databases' migrations")
	postgres := flag.String("postgres", "", "URL of an empty PostgreSQL database to replay on")
	flag.Parse()
	if *name == "" || *postgres == "" {
		log.Fatal("generate: -name and -postgres are required")
	}
	ctx := context.Background()
	if err := diff.Write(ctx, diff.SQLite, filepath.Join(*dir, "sqlite"), diff.SQLiteDevURL, *name); err != nil {
		log.Fatal(err)
	}
	if err := diff.Write(ctx, diff.Postgres, filepath.Join(*dir, "postgres"), *postgres, *name); err != nil {
		log.Fatal(err)
	}
}
