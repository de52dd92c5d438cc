package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Job is work to be done after the transaction that wrote it, by any replica.
type Job struct{ ent.Schema }

// Fields of Job.
func (Job) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("kind"),
		field.String("uniq").Default(""), // "" = any number of them
		field.Bytes("payload").Sensitive(),
		field.String("state").Default("ready"), // ready, running, done, dead
		field.Int("attempt").Default(0),
		field.Int("max_attempts"),
		at("run_at"),
		maybeAt("lease_until"),
		field.String("last_error").Default(""),
		at("created_at"),
		maybeAt("finished_at"),
	}
}

// Indexes of Job.
func (Job) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("state", "run_at"),
		index.Fields("state", "lease_until"),
		index.Fields("kind", "uniq").Unique().
			Annotations(entsql.IndexWhere("uniq <> '' AND finished_at IS NULL")),
	}
}
