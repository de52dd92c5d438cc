package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// TestUser names an account that was made for testing. It holds no password:
// a new one is set through the auth server each time the user is handed out.
type TestUser struct{ ent.Schema }

// Fields of TestUser.
func (TestUser) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("username"),
		field.String("email").Default(""),
		field.String("auth_user_id").Default(""), // the auth server's id, once it is known
		at("created_at"),
		maybeAt("last_used_at"),
	}
}

// Indexes of TestUser.
func (TestUser) Indexes() []ent.Index {
	return []ent.Index{index.Fields("username").Unique()}
}
