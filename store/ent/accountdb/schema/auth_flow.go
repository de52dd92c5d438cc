package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// AuthFlow is a browser on its way to a login provider and back. The row is
// claimed once, by state and by the browser's cookie together.
type AuthFlow struct{ ent.Schema }

// Fields of AuthFlow.
func (AuthFlow) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.Bytes("state_hash").Sensitive(),
		field.Bytes("browser_hash").Sensitive(),
		field.String("provider"), // the configured name
		field.String("channel").Default(""),
		field.String("intent"), // login, bind
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable(), // bind: to whom
		field.UUID("session_id", uuid.UUID{}).Optional().Nillable(),
		field.String("nonce").Sensitive(),
		field.Bytes("verifier_sealed").Sensitive(),
		field.String("redirect_to"),
		field.String("code_challenge").Default(""), // of the SDK client that began it
		field.String("code_challenge_method").Default(""),
		at("created_at"),
		at("expires_at"),
	}
}

// Indexes of AuthFlow.
func (AuthFlow) Indexes() []ent.Index {
	return []ent.Index{index.Fields("state_hash").Unique(), index.Fields("expires_at")}
}
