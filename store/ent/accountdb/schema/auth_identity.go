package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// AuthIdentity is one way a user is known to one provider. The three
// provider columns are the canonical key; e-mail equality is never one.
type AuthIdentity struct{ ent.Schema }

// Fields of AuthIdentity.
func (AuthIdentity) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.String("provider_type"),            // "email", "supabase", "oidc", ...
		field.String("provider_key").Default(""), // the issuer, where the type has several
		field.String("provider_subject"),         // e-mail: the normalised address
		field.String("email").Default(""),        // as the provider states it; support data
		object("claims"),
		field.String("origin").Default("signup"), // signup, bind, sync, admin, migration
		maybeAt("verified_at"),
		maybeAt("last_sign_in_at"),
		at("created_at"),
		at("updated_at"),
	}
}

// Edges of AuthIdentity.
func (AuthIdentity) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("identities").Field("user_id").Unique().Required(),
		edge.To("channels", AuthIdentityChannel.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of AuthIdentity.
func (AuthIdentity) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("provider_type", "provider_key", "provider_subject").Unique(),
		index.Fields("user_id"),
		index.Fields("provider_subject"), // support asks by it alone
	}
}
