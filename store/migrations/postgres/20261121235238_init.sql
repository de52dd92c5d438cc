-- +goose Up
-- create "test_users" table
CREATE TABLE "test_users" ("id" uuid NOT NULL, "username" character varying NOT NULL, "email" character varying NOT NULL DEFAULT '', "auth_user_id" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "last_used_at" timestamptz NULL, PRIMARY KEY ("id"));
-- create index "testuser_username" to table: "test_users"
CREATE UNIQUE INDEX "testuser_username" ON "test_users" ("username");
-- create "audit_entries" table
CREATE TABLE "audit_entries" ("id" uuid NOT NULL, "at" timestamptz NOT NULL, "action" character varying NOT NULL, "actor_id" uuid NULL, "actor_name" character varying NOT NULL DEFAULT '', "user_id" uuid NULL, "ip" character varying NOT NULL DEFAULT '', "user_agent" character varying NOT NULL DEFAULT '', "request_id" character varying NOT NULL DEFAULT '', "detail" jsonb NULL, PRIMARY KEY ("id"));
-- create index "auditentry_at_id" to table: "audit_entries"
CREATE INDEX "auditentry_at_id" ON "audit_entries" ("at", "id");
-- create index "auditentry_user_id_at" to table: "audit_entries"
CREATE INDEX "auditentry_user_id_at" ON "audit_entries" ("user_id", "at");
-- create "jobs" table
CREATE TABLE "jobs" ("id" uuid NOT NULL, "kind" character varying NOT NULL, "uniq" character varying NOT NULL DEFAULT '', "payload" bytea NOT NULL, "state" character varying NOT NULL DEFAULT 'ready', "attempt" bigint NOT NULL DEFAULT 0, "max_attempts" bigint NOT NULL, "run_at" timestamptz NOT NULL, "lease_until" timestamptz NULL, "last_error" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "finished_at" timestamptz NULL, PRIMARY KEY ("id"));
-- create index "job_kind_uniq" to table: "jobs"
CREATE UNIQUE INDEX "job_kind_uniq" ON "jobs" ("kind", "uniq") WHERE (((uniq)::text <> ''::text) AND (finished_at IS NULL));
-- create index "job_state_lease_until" to table: "jobs"
CREATE INDEX "job_state_lease_until" ON "jobs" ("state", "lease_until");
-- create index "job_state_run_at" to table: "jobs"
CREATE INDEX "job_state_run_at" ON "jobs" ("state", "run_at");
-- create "settings" table
CREATE TABLE "settings" ("id" character varying NOT NULL, "document" bytea NOT NULL, "version" bigint NOT NULL DEFAULT 1, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create "signing_keys" table
CREATE TABLE "signing_keys" ("id" character varying NOT NULL, "alg" character varying NOT NULL, "private_sealed" bytea NOT NULL, "public_jwk" bytea NOT NULL, "state" character varying NOT NULL, "created_at" timestamptz NOT NULL, "activated_at" timestamptz NULL, "retired_at" timestamptz NULL, "verify_until" timestamptz NULL, PRIMARY KEY ("id"));
-- create index "signingkey_state" to table: "signing_keys"
CREATE UNIQUE INDEX "signingkey_state" ON "signing_keys" ("state") WHERE ((state)::text <> 'retired'::text);
-- create "users" table
CREATE TABLE "users" ("id" uuid NOT NULL, "email" character varying NULL, "email_confirmed_at" timestamptz NULL, "new_email" character varying NULL, "email_change_sent_at" timestamptz NULL, "password_hash" character varying NULL, "role" character varying NOT NULL DEFAULT 'authenticated', "is_admin" boolean NOT NULL DEFAULT false, "is_anonymous" boolean NOT NULL DEFAULT false, "nickname" character varying NOT NULL DEFAULT '', "avatar_url" character varying NOT NULL DEFAULT '', "app_metadata" jsonb NULL, "user_metadata" jsonb NULL, "signup_source" character varying NOT NULL DEFAULT 'email', "confirmation_sent_at" timestamptz NULL, "recovery_sent_at" timestamptz NULL, "reauthentication_sent_at" timestamptz NULL, "invited_at" timestamptz NULL, "last_sign_in_at" timestamptz NULL, "last_active_at" timestamptz NULL, "banned_until" timestamptz NULL, "deleted_at" timestamptz NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "user_created_at_id" to table: "users"
CREATE INDEX "user_created_at_id" ON "users" ("created_at", "id");
-- create index "user_email" to table: "users"
CREATE UNIQUE INDEX "user_email" ON "users" ("email");
-- create "auth_codes" table
CREATE TABLE "auth_codes" ("id" uuid NOT NULL, "code_hash" bytea NOT NULL, "code_challenge" character varying NOT NULL, "code_challenge_method" character varying NOT NULL, "amr_method" character varying NOT NULL, "attempts" bigint NOT NULL DEFAULT 0, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "auth_codes_users_auth_codes" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "authcode_code_hash" to table: "auth_codes"
CREATE UNIQUE INDEX "authcode_code_hash" ON "auth_codes" ("code_hash");
-- create index "authcode_expires_at" to table: "auth_codes"
CREATE INDEX "authcode_expires_at" ON "auth_codes" ("expires_at");
-- create "auth_identities" table
CREATE TABLE "auth_identities" ("id" uuid NOT NULL, "provider_type" character varying NOT NULL, "provider_key" character varying NOT NULL DEFAULT '', "provider_subject" character varying NOT NULL, "email" character varying NOT NULL DEFAULT '', "claims" jsonb NULL, "origin" character varying NOT NULL DEFAULT 'signup', "verified_at" timestamptz NULL, "last_sign_in_at" timestamptz NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "auth_identities_users_identities" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "authidentity_provider_type_provider_key_provider_subject" to table: "auth_identities"
CREATE UNIQUE INDEX "authidentity_provider_type_provider_key_provider_subject" ON "auth_identities" ("provider_type", "provider_key", "provider_subject");
-- create index "authidentity_user_id" to table: "auth_identities"
CREATE INDEX "authidentity_user_id" ON "auth_identities" ("user_id");
-- create "conversations" table
CREATE TABLE "conversations" ("id" uuid NOT NULL, "user_id" uuid NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "conversation_user_id_updated_at" to table: "conversations"
CREATE INDEX "conversation_user_id_updated_at" ON "conversations" ("user_id", "updated_at");
-- create "messages" table
CREATE TABLE "messages" ("id" uuid NOT NULL, "user_id" uuid NOT NULL, "request_id" character varying NOT NULL, "form" character varying NOT NULL, "model" character varying NOT NULL, "dialect" character varying NOT NULL, "result_mode" character varying NOT NULL, "request" text NOT NULL, "metadata" text NOT NULL DEFAULT '{}', "state" character varying NOT NULL, "reply" text NOT NULL DEFAULT '', "last_position" bigint NOT NULL DEFAULT 0, "lease_owner" character varying NOT NULL DEFAULT '', "lease_until" timestamptz NULL, "created_at" timestamptz NOT NULL, "finished_at" timestamptz NULL, "expires_at" timestamptz NOT NULL, "conversation_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "messages_conversations_messages" FOREIGN KEY ("conversation_id") REFERENCES "conversations" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "message_conversation_id_created_at" to table: "messages"
CREATE INDEX "message_conversation_id_created_at" ON "messages" ("conversation_id", "created_at");
-- create index "message_expires_at" to table: "messages"
CREATE INDEX "message_expires_at" ON "messages" ("expires_at");
-- create index "message_state_lease_until" to table: "messages"
CREATE INDEX "message_state_lease_until" ON "messages" ("state", "lease_until");
-- create "message_events" table
CREATE TABLE "message_events" ("id" bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY, "position" bigint NOT NULL, "event" character varying NOT NULL, "data" text NOT NULL, "terminal" boolean NOT NULL DEFAULT false, "created_at" timestamptz NOT NULL, "message_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "message_events_messages_events" FOREIGN KEY ("message_id") REFERENCES "messages" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "messageevent_message_id" to table: "message_events"
CREATE UNIQUE INDEX "messageevent_message_id" ON "message_events" ("message_id") WHERE terminal;
-- create index "messageevent_message_id_position" to table: "message_events"
CREATE UNIQUE INDEX "messageevent_message_id_position" ON "message_events" ("message_id", "position");
-- create "one_time_tokens" table
CREATE TABLE "one_time_tokens" ("id" uuid NOT NULL, "kind" character varying NOT NULL, "email" character varying NOT NULL, "token_hash" bytea NOT NULL, "code_hash" bytea NOT NULL, "attempts" bigint NOT NULL DEFAULT 0, "code_challenge" character varying NOT NULL DEFAULT '', "code_challenge_method" character varying NOT NULL DEFAULT '', "redirect_to" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "one_time_tokens_users_one_time_tokens" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "onetimetoken_expires_at" to table: "one_time_tokens"
CREATE INDEX "onetimetoken_expires_at" ON "one_time_tokens" ("expires_at");
-- create index "onetimetoken_token_hash" to table: "one_time_tokens"
CREATE UNIQUE INDEX "onetimetoken_token_hash" ON "one_time_tokens" ("token_hash");
-- create index "onetimetoken_user_id_kind" to table: "one_time_tokens"
CREATE UNIQUE INDEX "onetimetoken_user_id_kind" ON "one_time_tokens" ("user_id", "kind");
-- create "sessions" table
CREATE TABLE "sessions" ("id" uuid NOT NULL, "aal" character varying NOT NULL DEFAULT 'aal1', "amr" jsonb NOT NULL, "user_agent" character varying NOT NULL DEFAULT '', "ip" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "refreshed_at" timestamptz NOT NULL, "not_after" timestamptz NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "sessions_users_sessions" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "session_user_id_created_at" to table: "sessions"
CREATE INDEX "session_user_id_created_at" ON "sessions" ("user_id", "created_at");
-- create "refresh_tokens" table
CREATE TABLE "refresh_tokens" ("id" uuid NOT NULL, "token_hash" bytea NOT NULL, "generation" bigint NOT NULL, "created_at" timestamptz NOT NULL, "replaced_at" timestamptz NULL, "session_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "refresh_tokens_sessions_refresh_tokens" FOREIGN KEY ("session_id") REFERENCES "sessions" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "refreshtoken_session_id_generation" to table: "refresh_tokens"
CREATE UNIQUE INDEX "refreshtoken_session_id_generation" ON "refresh_tokens" ("session_id", "generation");
-- create index "refreshtoken_token_hash" to table: "refresh_tokens"
CREATE UNIQUE INDEX "refreshtoken_token_hash" ON "refresh_tokens" ("token_hash");
