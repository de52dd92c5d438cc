package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Session is one sign-in on one device. Ending it deletes the row, and with it
// every refresh token of its family.
type Session struct{ ent.Schema }

// Fields of Session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.String("aal").Default("aal1"),
		field.JSON("amr", []map[string]any{}),
		field.String("user_agent").Default(""),
		field.String("ip").Default(""),
		at("created_at"),
		at("refreshed_at"),
		maybeAt("not_after"),
		// confirmed_at is when the person last proved who they are in this
		// session: signing in does, and so does confirming access.
		maybeAt("confirmed_at"),
	}
}

// Edges of Session.
func (Session) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required(),
		edge.To("refresh_tokens", RefreshToken.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of Session.
func (Session) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "created_at")}
}
