package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// SourceGrant is what a user was given for coming from a source: once for each
// (user, source, reason), which the unique key sees to.
type SourceGrant struct{ ent.Schema }

// Fields of SourceGrant.
func (SourceGrant) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.String("provider_type"),
		field.String("reason"), // signup, first_bind
		field.Int64("balance_micros"),
		field.Int("concurrency"),
		field.Int("subscription_days"),
		// alias_key is a one-way name of the mailbox behind the address, so that
		// its plus and dot spellings are granted once; "" = no address.
		field.String("alias_key").Optional().Nillable(),
		at("granted_at"),
	}
}

// Indexes of SourceGrant.
func (SourceGrant) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "provider_type", "reason").Unique(),
		index.Fields("alias_key", "provider_type", "reason").Unique(),
	}
}
