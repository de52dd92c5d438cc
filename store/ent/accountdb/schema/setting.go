package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// Setting is one versioned document: a room's policy, or a fact about this
// installation. A save writes only where the version is the one it read.
type Setting struct{ ent.Schema }

// Fields of Setting.
func (Setting) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(),
		field.Bytes("document"),
		field.Int64("version").Default(1),
		at("updated_at"),
	}
}
