package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// UserAvatar is the picture of a user, as this server re-encoded it. A user
// without a row has none, whatever a provider showed.
type UserAvatar struct{ ent.Schema }

// Fields of UserAvatar.
func (UserAvatar) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.String("source"),                 // upload, url, provider
		field.String("source_url").Default(""), // where it was fetched from; "" for an upload
		field.String("content_type"),
		field.String("sha256"), // of content, in hex: the name it is served under
		field.Bytes("content"),
		at("created_at"),
		at("updated_at"),
	}
}

// Edges of UserAvatar.
func (UserAvatar) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("avatar").Field("user_id").Unique().Required()}
}

// Indexes of UserAvatar.
func (UserAvatar) Indexes() []ent.Index { return []ent.Index{index.Fields("sha256")} }
