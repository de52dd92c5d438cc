package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// OneTimeToken is a link and a code sent by mail. Both are stored as hashes
// and are independent of each other; a user has one of a kind at a time.
type OneTimeToken struct{ ent.Schema }

// Fields of OneTimeToken.
func (OneTimeToken) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.String("kind"),
		field.String("email"), // the address it was sent to
		field.Bytes("token_hash").Sensitive(),
		field.Bytes("code_hash").Sensitive(),
		field.Int("attempts").Default(0),
		field.String("code_challenge").Default(""),
		field.String("code_challenge_method").Default(""),
		field.String("redirect_to").Default(""),
		at("created_at"),
		at("expires_at"),
	}
}

// Edges of OneTimeToken.
func (OneTimeToken) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("one_time_tokens").Field("user_id").Unique().Required()}
}

// Indexes of OneTimeToken.
func (OneTimeToken) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_hash").Unique(),
		index.Fields("user_id", "kind").Unique(),
		index.Fields("expires_at"),
	}
}
