package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// IdentityAdoptionDecision is what a person chose to take over from a
// provider: the nickname, the avatar, both or neither.
type IdentityAdoptionDecision struct{ ent.Schema }

// Fields of IdentityAdoptionDecision.
func (IdentityAdoptionDecision) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("pending_auth_session_id", uuid.UUID{}),
		field.UUID("user_id", uuid.UUID{}),
		field.UUID("identity_id", uuid.UUID{}),
		field.Bool("adopt_nickname"),
		field.Bool("adopt_avatar"),
		at("decided_at"),
	}
}

// Edges of IdentityAdoptionDecision.
func (IdentityAdoptionDecision) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("pending_auth_session", PendingAuthSession.Type).Ref("decision").
			Field("pending_auth_session_id").Unique().Required(),
	}
}

// Indexes of IdentityAdoptionDecision.
func (IdentityAdoptionDecision) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id")}
}
