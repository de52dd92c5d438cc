package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// AuthCode is a one-time code that a client exchanges, with its PKCE
// verifier, for a session (RFC 7636). Only its hash is stored.
type AuthCode struct{ ent.Schema }

// Fields of AuthCode.
func (AuthCode) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.Bytes("code_hash").Sensitive(),
		field.String("code_challenge"),
		field.String("code_challenge_method"),
		field.String("amr_method"),
		field.Int("attempts").Default(0),
		// bind_sealed is an identity that the user gains when the code is
		// exchanged: whoever holds the PKCE verifier asked for it.
		field.Bytes("bind_sealed").Optional().Sensitive(),
		at("created_at"),
		at("expires_at"),
	}
}

// Edges of AuthCode.
func (AuthCode) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("auth_codes").Field("user_id").Unique().Required()}
}

// Indexes of AuthCode.
func (AuthCode) Indexes() []ent.Index {
	return []ent.Index{index.Fields("code_hash").Unique(), index.Fields("expires_at")}
}
