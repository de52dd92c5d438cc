package gatewaydb

//go:generate go tool ent generate --feature sql/versioned-migration,sql/execquery,sql/upsert --target . ./schema
