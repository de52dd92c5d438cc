package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Passkey is a discoverable WebAuthn credential of a user (WebAuthn Level 3,
// section 4, "credential record").
type Passkey struct{ ent.Schema }

// Fields of Passkey.
func (Passkey) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.UUID("user_id", uuid.UUID{}),
		field.Bytes("credential_id"),
		field.Bytes("public_key"), // COSE
		field.Bytes("aaguid"),     // the authenticator's model
		field.Int64("sign_count").Default(0),
		field.Strings("transports").Optional(),
		field.String("attachment").Default(""), // platform, cross-platform
		field.String("attestation_type").Default("none"),
		field.Bool("is_user_verified").Default(false),
		field.Bool("is_backup_eligible").Default(false),
		field.Bool("is_backed_up").Default(false),
		field.String("friendly_name").Default(""),
		at("created_at"),
		at("updated_at"),
		maybeAt("last_used_at"),
	}
}

// Edges of Passkey.
func (Passkey) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("passkeys").Field("user_id").Unique().Required()}
}

// Indexes of Passkey.
func (Passkey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("credential_id").Unique(), index.Fields("user_id", "created_at")}
}
