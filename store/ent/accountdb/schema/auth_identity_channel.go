package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// AuthIdentityChannel is a further name of an identity that holds for one app
// of a provider only: WeChat's openid. Support data, never a way in.
type AuthIdentityChannel struct{ ent.Schema }

// Fields of AuthIdentityChannel.
func (AuthIdentityChannel) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("identity_id", uuid.UUID{}),
		field.String("provider_type"),
		field.String("provider_key").Default(""),
		field.String("channel"),
		field.String("channel_app_id"),
		field.String("channel_subject"),
		at("created_at"),
		at("updated_at"),
	}
}

// Edges of AuthIdentityChannel.
func (AuthIdentityChannel) Edges() []ent.Edge {
	return []ent.Edge{edge.From("identity", AuthIdentity.Type).Ref("channels").Field("identity_id").Unique().Required()}
}

// Indexes of AuthIdentityChannel.
func (AuthIdentityChannel) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("provider_type", "provider_key", "channel", "channel_app_id", "channel_subject").Unique(),
		index.Fields("identity_id"),
	}
}
