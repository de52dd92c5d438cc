-- +goose Up
-- modify "auth_codes" table
ALTER TABLE "auth_codes" ADD COLUMN "bind_sealed" bytea NULL;
-- modify "sessions" table
ALTER TABLE "sessions" ADD COLUMN "confirmed_at" timestamptz NULL;
-- create index "user_last_active_at_id" to table: "users"
CREATE INDEX "user_last_active_at_id" ON "users" ("last_active_at", "id");
-- create index "user_last_sign_in_at_id" to table: "users"
CREATE INDEX "user_last_sign_in_at_id" ON "users" ("last_sign_in_at", "id");
-- create index "user_nickname" to table: "users"
CREATE INDEX "user_nickname" ON "users" ("nickname");
-- create "login_providers" table
CREATE TABLE "login_providers" ("id" character varying NOT NULL, "provider_type" character varying NOT NULL, "display_name" character varying NOT NULL DEFAULT '', "is_enabled" boolean NOT NULL DEFAULT false, "config" jsonb NULL, "secrets_sealed" bytea NULL, "version" bigint NOT NULL DEFAULT 1, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create "passkeys" table
CREATE TABLE "passkeys" ("id" uuid NOT NULL, "credential_id" bytea NOT NULL, "public_key" bytea NOT NULL, "aaguid" bytea NOT NULL, "sign_count" bigint NOT NULL DEFAULT 0, "transports" jsonb NULL, "attachment" character varying NOT NULL DEFAULT '', "attestation_type" character varying NOT NULL DEFAULT 'none', "is_user_verified" boolean NOT NULL DEFAULT false, "is_backup_eligible" boolean NOT NULL DEFAULT false, "is_backed_up" boolean NOT NULL DEFAULT false, "friendly_name" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "last_used_at" timestamptz NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "passkeys_users_passkeys" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "passkey_credential_id" to table: "passkeys"
CREATE UNIQUE INDEX "passkey_credential_id" ON "passkeys" ("credential_id");
-- create index "passkey_user_id_created_at" to table: "passkeys"
CREATE INDEX "passkey_user_id_created_at" ON "passkeys" ("user_id", "created_at");
-- create "recovery_codes" table
CREATE TABLE "recovery_codes" ("id" uuid NOT NULL, "code_hash" bytea NOT NULL, "created_at" timestamptz NOT NULL, "used_at" timestamptz NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "recovery_codes_users_recovery_codes" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "recoverycode_user_id_code_hash" to table: "recovery_codes"
CREATE UNIQUE INDEX "recoverycode_user_id_code_hash" ON "recovery_codes" ("user_id", "code_hash");
-- create "user_avatars" table
CREATE TABLE "user_avatars" ("id" uuid NOT NULL, "source" character varying NOT NULL, "source_url" character varying NOT NULL DEFAULT '', "content_type" character varying NOT NULL, "sha256" character varying NOT NULL, "content" bytea NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "user_avatars_users_avatar" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "user_avatars_user_id_key" to table: "user_avatars"
CREATE UNIQUE INDEX "user_avatars_user_id_key" ON "user_avatars" ("user_id");
-- create index "useravatar_sha256" to table: "user_avatars"
CREATE INDEX "useravatar_sha256" ON "user_avatars" ("sha256");
-- create "webauthn_challenges" table
CREATE TABLE "webauthn_challenges" ("id" uuid NOT NULL, "purpose" character varying NOT NULL, "session_data" bytea NOT NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "user_id" uuid NULL, PRIMARY KEY ("id"), CONSTRAINT "webauthn_challenges_users_webauthn_challenges" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "webauthnchallenge_expires_at" to table: "webauthn_challenges"
CREATE INDEX "webauthnchallenge_expires_at" ON "webauthn_challenges" ("expires_at");
