package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
)

// MFAChallenge is one asking for a factor's code, by one session's user.
type MFAChallenge struct{ ent.Schema }

// Fields of MFAChallenge.
func (MFAChallenge) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("factor_id", uuid.UUID{}),
		at("created_at"),
		at("expires_at"),
	}
}

// Edges of MFAChallenge.
func (MFAChallenge) Edges() []ent.Edge {
	return []ent.Edge{edge.From("factor", MFAFactor.Type).Ref("challenges").Field("factor_id").Unique().Required()}
}
