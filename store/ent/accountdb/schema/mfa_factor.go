package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// MFAFactor is a second factor of a user: an authenticator app.
type MFAFactor struct{ ent.Schema }

// Fields of MFAFactor.
func (MFAFactor) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.String("kind").Default("totp"),
		field.String("friendly_name").Default(""),
		field.String("status").Default("unverified"), // unverified, verified
		field.Bytes("secret_sealed").Sensitive(),
		// last_step is the newest time step that was accepted: a code is taken once.
		field.Int64("last_step").Default(0),
		// failures are wrong codes since the last right one; locked_until follows
		// from them.
		field.Int("failures").Default(0),
		maybeAt("locked_until"),
		maybeAt("last_challenged_at"),
		at("created_at"),
		at("updated_at"),
	}
}

// Edges of MFAFactor.
func (MFAFactor) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("factors").Field("user_id").Unique().Required(),
		edge.To("challenges", MFAChallenge.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of MFAFactor.
func (MFAFactor) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "friendly_name").Unique()}
}
