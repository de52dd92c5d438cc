package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// LoginProvider is a login provider that an administrator set up at run time.
// Those of the configuration file have no row.
type LoginProvider struct{ ent.Schema }

// Fields of LoginProvider.
func (LoginProvider) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(), // the name in URLs
		field.String("provider_type"),
		field.String("display_name").Default(""),
		field.Bool("is_enabled").Default(false),
		object("config"), // what is no secret
		field.Bytes("secrets_sealed").Optional().Sensitive(),
		field.Int64("version").Default(1),
		at("created_at"),
		at("updated_at"),
	}
}
