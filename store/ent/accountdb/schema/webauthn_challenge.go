package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// WebAuthnChallenge is one ceremony under way: what the authenticator was
// asked to sign. It is taken once.
type WebAuthnChallenge struct{ ent.Schema }

// Annotations of WebAuthnChallenge.
func (WebAuthnChallenge) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "webauthn_challenges"}}
}

// Fields of WebAuthnChallenge.
func (WebAuthnChallenge) Fields() []ent.Field {
	return []ent.Field{
		id(),
		// user_id is NULL for a discoverable sign-in: nobody is known yet.
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable(),
		field.String("purpose"), // registration, sign_in, confirmation
		field.Bytes("session_data"),
		at("created_at"),
		at("expires_at"),
	}
}

// Edges of WebAuthnChallenge.
func (WebAuthnChallenge) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("webauthn_challenges").Field("user_id").Unique()}
}

// Indexes of WebAuthnChallenge.
func (WebAuthnChallenge) Indexes() []ent.Index {
	return []ent.Index{index.Fields("expires_at")}
}
