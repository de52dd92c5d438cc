package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Message is one request to a model and where its reply stands.
type Message struct{ ent.Schema }

// Fields of Message.
func (Message) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("conversation_id", uuid.UUID{}),
		field.UUID("user_id", uuid.UUID{}),
		field.String("request_id"),
		field.String("form"), // server_prompt, passthrough, provider_payload
		field.String("model"),
		field.String("dialect"),
		field.String("result_mode"),
		// request is what was asked, metadata what the client wants back with the
		// reply: JSON as it was sent. Text and not jsonb, which refuses \u0000
		// and would rewrite numbers and the order of keys.
		field.Text("request"),
		field.Text("metadata").Default("{}"),
		field.String("state"), // queued, working, completed, failed
		field.Text("reply").Default(""),
		// last_position is the position of the newest event. An append moves it
		// on in one conditional UPDATE, so that two writers cannot both succeed.
		field.Int64("last_position").Default(0),
		// lease_owner and lease_until say which process works on it; work whose
		// lease has run out died with its process.
		field.String("lease_owner").Default(""),
		field.Time("lease_until").Optional().Nillable(),
		field.Time("created_at"),
		field.Time("finished_at").Optional().Nillable(),
		field.Time("expires_at"), // when the event log may be purged
	}
}

// Edges of Message.
func (Message) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("conversation", Conversation.Type).Ref("messages").Field("conversation_id").Unique().Required(),
		edge.To("events", MessageEvent.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of Message.
func (Message) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("conversation_id", "created_at"),
		index.Fields("state", "lease_until"),
		index.Fields("expires_at"),
	}
}
