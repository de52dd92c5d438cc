package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// User is one person's account.
type User struct{ ent.Schema }

// Fields of User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		id(),
		// email is the address a person signs in with, normalised; NULL for
		// anonymous users and for those whom a trusted issuer vouches for.
		field.String("email").Optional().Nillable(),
		maybeAt("email_confirmed_at"),
		// new_email is the address a change of address waits for.
		field.String("new_email").Optional().Nillable(),
		maybeAt("email_change_sent_at"),
		// password_hash is a PHC string (argon2id) or a bcrypt hash.
		field.String("password_hash").Optional().Nillable().Sensitive(),
		field.String("role").Default("authenticated"),
		field.Bool("is_admin").Default(false),
		field.Bool("is_anonymous").Default(false),
		field.String("nickname").Default(""),
		// nickname_key is the form in which a nickname is found, written with it.
		field.String("nickname_key").Optional(),
		field.String("avatar_url").Default(""),
		object("app_metadata"),
		object("user_metadata"),
		// signup_source is the identity provider the account began with.
		field.String("signup_source").Default("email"),
		maybeAt("confirmation_sent_at"),
		maybeAt("recovery_sent_at"),
		maybeAt("reauthentication_sent_at"),
		maybeAt("invited_at"),
		maybeAt("last_sign_in_at"),
		maybeAt("last_active_at"),
		maybeAt("banned_until"),
		maybeAt("deleted_at"),
		at("created_at"),
		at("updated_at"),
	}
}

// Edges of User. The cascade stands on this side: on the other one Ent
// ignores it without a word.
func (User) Edges() []ent.Edge {
	gone := entsql.OnDelete(entsql.Cascade)
	return []ent.Edge{
		edge.To("identities", AuthIdentity.Type).Annotations(gone),
		edge.To("sessions", Session.Type).Annotations(gone),
		edge.To("one_time_tokens", OneTimeToken.Type).Annotations(gone),
		edge.To("auth_codes", AuthCode.Type).Annotations(gone),
		edge.To("factors", MFAFactor.Type).Annotations(gone),
		edge.To("recovery_codes", RecoveryCode.Type).Annotations(gone),
		edge.To("passkeys", Passkey.Type).Annotations(gone),
		edge.To("webauthn_challenges", WebAuthnChallenge.Type).Annotations(gone),
		edge.To("avatar", UserAvatar.Type).Unique().Annotations(gone),
	}
}

// Indexes of User.
func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("email").Unique(),
		// Each order of the administrators' list, alone and within one source.
		index.Fields("created_at", "id"),
		index.Fields("last_sign_in_at", "id"),
		index.Fields("last_active_at", "id"),
		index.Fields("email", "id"),
		index.Fields("signup_source", "created_at", "id"),
		index.Fields("signup_source", "last_sign_in_at", "id"),
		index.Fields("signup_source", "last_active_at", "id"),
		index.Fields("signup_source", "email", "id"),
		index.Fields("nickname_key"),
		// Few rows: who is or was kept out, who was deleted, who administers.
		index.Fields("banned_until").Annotations(entsql.IndexWhere("banned_until IS NOT NULL")),
		index.Fields("deleted_at").Annotations(entsql.IndexWhere("deleted_at IS NOT NULL")),
		index.Fields("is_admin").Annotations(entsql.IndexWhere("is_admin")),
	}
}
