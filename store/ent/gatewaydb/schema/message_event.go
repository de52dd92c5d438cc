package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// MessageEvent is one frame of a message's stream, in the order it was sent.
type MessageEvent struct{ ent.Schema }

// Fields of MessageEvent.
func (MessageEvent) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("message_id", uuid.UUID{}),
		field.Int64("position"), // the SSE id: 1, 2, 3, ... over all events of the message
		field.String("event"),
		field.Text("data"), // a JSON object, without the ids of message and request
		// terminal is true on the one event that ends the stream.
		field.Bool("terminal").Default(false),
		field.Time("created_at"),
	}
}

// Edges of MessageEvent.
func (MessageEvent) Edges() []ent.Edge {
	return []ent.Edge{edge.From("message", Message.Type).Ref("events").Field("message_id").Unique().Required()}
}

// Indexes of MessageEvent: one event a position, and one terminal event a
// message, whatever two processes may try.
func (MessageEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("message_id", "position").Unique(),
		index.Fields("message_id").Unique().Annotations(entsql.IndexWhere("terminal")),
	}
}
