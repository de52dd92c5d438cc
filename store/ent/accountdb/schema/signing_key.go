package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// SigningKey signs access tokens. The private half is sealed with the
// installation's secret key.
type SigningKey struct{ ent.Schema }

// Fields of SigningKey.
func (SigningKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(), // the JWK's kid
		field.String("alg"),
		field.Bytes("private_sealed").Sensitive(),
		field.Bytes("public_jwk"),
		field.String("state"), // standby, active, retired
		at("created_at"),
		maybeAt("activated_at"),
		maybeAt("retired_at"),
		// verify_until is when a retired key leaves the JWKS.
		maybeAt("verify_until"),
	}
}

// Indexes of SigningKey: at most one key signs, and at most one stands by.
func (SigningKey) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("state").Unique().Annotations(entsql.IndexWhere("state <> 'retired'")),
	}
}
