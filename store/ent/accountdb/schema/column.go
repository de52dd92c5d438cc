package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
)

// id is the primary key of most tables: a UUIDv7, made in Go, so that rows of
// one time lie together in the index.
func id() ent.Field {
	return field.UUID("id", uuid.UUID{}).Immutable()
}

// at is a required point in time. The store writes UTC microseconds: SQLite
// compares times as text, and PostgreSQL drops nanoseconds.
func at(name string) ent.Field { return field.Time(name) }

// maybeAt is a point in time that may not have come.
func maybeAt(name string) ent.Field { return field.Time(name).Optional().Nillable() }

// object is a JSON object; nil is stored as NULL.
func object(name string) ent.Field {
	return field.JSON(name, map[string]any{}).Optional()
}
