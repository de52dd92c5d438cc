package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// RefreshToken is one link of a session's chain: the SHA-256 of the token,
// never the token. replaced_at is set when its successor was handed out.
type RefreshToken struct{ ent.Schema }

// Fields of RefreshToken.
func (RefreshToken) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("session_id", uuid.UUID{}),
		field.Bytes("token_hash").Sensitive(),
		field.Int64("generation"),
		at("created_at"),
		maybeAt("replaced_at"),
	}
}

// Edges of RefreshToken.
func (RefreshToken) Edges() []ent.Edge {
	return []ent.Edge{edge.From("session", Session.Type).Ref("refresh_tokens").Field("session_id").Unique().Required()}
}

// Indexes of RefreshToken.
func (RefreshToken) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_hash").Unique(),
		index.Fields("session_id", "generation").Unique(),
	}
}
