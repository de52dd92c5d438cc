package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// PendingAuthSession is a person whom a provider vouches for and whom we do
// not know yet: between "the provider said yes" and "signed in". What was
// proven stands in columns of its own, so that the statement that completes
// the session can ask for it. It holds no token of anybody.
type PendingAuthSession struct{ ent.Schema }

// Fields of PendingAuthSession.
func (PendingAuthSession) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.Bytes("token_hash").Sensitive(), // of the browser's cookie
		field.String("provider"),              // the configured name
		field.String("provider_type"),
		field.String("provider_key").Default(""),
		field.String("provider_subject"),
		field.String("nickname").Default(""), // candidates, as the provider states them
		field.String("avatar_url").Default(""),
		field.String("provider_email").Default(""),
		object("claims"),
		field.JSON("channels", []map[string]string{}).Optional(),
		field.Bool("email_required").Default(false),
		// email is the local address typed here; verified by our own code only.
		field.String("email").Default(""),
		maybeAt("email_verified_at"),
		field.Bytes("code_hash").Optional().Nillable().Sensitive(),
		maybeAt("code_expires_at"),
		field.Int("code_attempts").Default(0),
		// bind_user_id is the account that re-authentication proved; the columns
		// below say what was proven of it. An address typed sets none of them.
		field.UUID("bind_user_id", uuid.UUID{}).Optional().Nillable(),
		maybeAt("password_verified_at"),
		maybeAt("totp_verified_at"),
		maybeAt("session_verified_at"),
		field.Int("proof_attempts").Default(0),
		field.String("redirect_to"),
		field.String("code_challenge").Default(""),
		field.String("code_challenge_method").Default(""),
		at("created_at"),
		at("expires_at"),
		maybeAt("consumed_at"),
	}
}

// Edges of PendingAuthSession.
func (PendingAuthSession) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("decision", IdentityAdoptionDecision.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of PendingAuthSession.
func (PendingAuthSession) Indexes() []ent.Index {
	return []ent.Index{index.Fields("token_hash").Unique(), index.Fields("expires_at")}
}
