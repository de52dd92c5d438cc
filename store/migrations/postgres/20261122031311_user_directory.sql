-- +goose Up
-- create index "auditentry_user_id_id" to table: "audit_entries"
CREATE INDEX "auditentry_user_id_id" ON "audit_entries" ("user_id", "id");
-- create index "authidentity_provider_subject" to table: "auth_identities"
CREATE INDEX "authidentity_provider_subject" ON "auth_identities" ("provider_subject");
-- modify "users" table
ALTER TABLE "users" ADD COLUMN "nickname_key" character varying NULL COLLATE "C";
-- fill it; the rest when a nickname is next written
UPDATE "users" SET "nickname_key" = lower("nickname");
-- compare by bytes what is ordered or searched by a range, as SQLite does (by hand: Ent does not compare collations)
ALTER TABLE "users" ALTER COLUMN "email" TYPE character varying COLLATE "C";
ALTER TABLE "auth_identities" ALTER COLUMN "provider_subject" TYPE character varying COLLATE "C";
-- drop indexes that others took the place of (by hand: Ent drops none)
DROP INDEX "user_nickname";
DROP INDEX "auditentry_user_id_at";
-- create index "user_banned_until" to table: "users"
CREATE INDEX "user_banned_until" ON "users" ("banned_until") WHERE (banned_until IS NOT NULL);
-- create index "user_deleted_at" to table: "users"
CREATE INDEX "user_deleted_at" ON "users" ("deleted_at") WHERE (deleted_at IS NOT NULL);
-- create index "user_email_id" to table: "users"
CREATE INDEX "user_email_id" ON "users" ("email", "id");
-- create index "user_is_admin" to table: "users"
CREATE INDEX "user_is_admin" ON "users" ("is_admin") WHERE is_admin;
-- create index "user_nickname_key" to table: "users"
CREATE INDEX "user_nickname_key" ON "users" ("nickname_key");
-- create index "user_signup_source_created_at_id" to table: "users"
CREATE INDEX "user_signup_source_created_at_id" ON "users" ("signup_source", "created_at", "id");
-- create index "user_signup_source_email_id" to table: "users"
CREATE INDEX "user_signup_source_email_id" ON "users" ("signup_source", "email", "id");
-- create index "user_signup_source_last_active_at_id" to table: "users"
CREATE INDEX "user_signup_source_last_active_at_id" ON "users" ("signup_source", "last_active_at", "id");
-- create index "user_signup_source_last_sign_in_at_id" to table: "users"
CREATE INDEX "user_signup_source_last_sign_in_at_id" ON "users" ("signup_source", "last_sign_in_at", "id");
