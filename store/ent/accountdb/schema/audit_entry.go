package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// AuditEntry is one thing that happened to an account. Rows are only added.
// It has no edge to User: the entry outlives the account.
type AuditEntry struct{ ent.Schema }

// Fields of AuditEntry.
func (AuditEntry) Fields() []ent.Field {
	return []ent.Field{
		id(),
		at("at"),
		field.String("action"),
		field.UUID("actor_id", uuid.UUID{}).Optional().Nillable(),
		field.String("actor_name").Default(""), // e-mail or "service_role", as it was then
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable(),
		field.String("ip").Default(""),
		field.String("user_agent").Default(""),
		field.String("request_id").Default(""),
		object("detail"),
	}
}

// Indexes of AuditEntry.
func (AuditEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("at", "id"), index.Fields("user_id", "id")}
}
