-- +goose Up
-- create "auth_flows" table
CREATE TABLE "auth_flows" ("id" uuid NOT NULL, "state_hash" bytea NOT NULL, "browser_hash" bytea NOT NULL, "provider" character varying NOT NULL, "channel" character varying NOT NULL DEFAULT '', "intent" character varying NOT NULL, "user_id" uuid NULL, "session_id" uuid NULL, "nonce" character varying NOT NULL, "verifier_sealed" bytea NOT NULL, "redirect_to" character varying NOT NULL, "code_challenge" character varying NOT NULL DEFAULT '', "code_challenge_method" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "authflow_expires_at" to table: "auth_flows"
CREATE INDEX "authflow_expires_at" ON "auth_flows" ("expires_at");
-- create index "authflow_state_hash" to table: "auth_flows"
CREATE UNIQUE INDEX "authflow_state_hash" ON "auth_flows" ("state_hash");
-- create "source_grants" table
CREATE TABLE "source_grants" ("id" uuid NOT NULL, "user_id" uuid NOT NULL, "provider_type" character varying NOT NULL, "reason" character varying NOT NULL, "balance_micros" bigint NOT NULL, "concurrency" bigint NOT NULL, "subscription_days" bigint NOT NULL, "alias_key" character varying NULL, "granted_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "sourcegrant_alias_key_provider_type_reason" to table: "source_grants"
CREATE UNIQUE INDEX "sourcegrant_alias_key_provider_type_reason" ON "source_grants" ("alias_key", "provider_type", "reason");
-- create index "sourcegrant_user_id_provider_type_reason" to table: "source_grants"
CREATE UNIQUE INDEX "sourcegrant_user_id_provider_type_reason" ON "source_grants" ("user_id", "provider_type", "reason");
-- create "auth_identity_channels" table
CREATE TABLE "auth_identity_channels" ("id" uuid NOT NULL, "provider_type" character varying NOT NULL, "provider_key" character varying NOT NULL DEFAULT '', "channel" character varying NOT NULL, "channel_app_id" character varying NOT NULL, "channel_subject" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "identity_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "auth_identity_channels_auth_identities_channels" FOREIGN KEY ("identity_id") REFERENCES "auth_identities" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "authidentitychannel_identity_id" to table: "auth_identity_channels"
CREATE INDEX "authidentitychannel_identity_id" ON "auth_identity_channels" ("identity_id");
-- create index "authidentitychannel_provider_t_04853a029d14b43b7d05e52d396ee07e" to table: "auth_identity_channels"
CREATE UNIQUE INDEX "authidentitychannel_provider_t_04853a029d14b43b7d05e52d396ee07e" ON "auth_identity_channels" ("provider_type", "provider_key", "channel", "channel_app_id", "channel_subject");
-- create "pending_auth_sessions" table
CREATE TABLE "pending_auth_sessions" ("id" uuid NOT NULL, "token_hash" bytea NOT NULL, "provider" character varying NOT NULL, "provider_type" character varying NOT NULL, "provider_key" character varying NOT NULL DEFAULT '', "provider_subject" character varying NOT NULL, "nickname" character varying NOT NULL DEFAULT '', "avatar_url" character varying NOT NULL DEFAULT '', "provider_email" character varying NOT NULL DEFAULT '', "claims" jsonb NULL, "channels" jsonb NULL, "email_required" boolean NOT NULL DEFAULT false, "email" character varying NOT NULL DEFAULT '', "email_verified_at" timestamptz NULL, "code_hash" bytea NULL, "code_expires_at" timestamptz NULL, "code_attempts" bigint NOT NULL DEFAULT 0, "bind_user_id" uuid NULL, "password_verified_at" timestamptz NULL, "totp_verified_at" timestamptz NULL, "session_verified_at" timestamptz NULL, "proof_attempts" bigint NOT NULL DEFAULT 0, "redirect_to" character varying NOT NULL, "code_challenge" character varying NOT NULL DEFAULT '', "code_challenge_method" character varying NOT NULL DEFAULT '', "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "consumed_at" timestamptz NULL, PRIMARY KEY ("id"));
-- create index "pendingauthsession_expires_at" to table: "pending_auth_sessions"
CREATE INDEX "pendingauthsession_expires_at" ON "pending_auth_sessions" ("expires_at");
-- create index "pendingauthsession_token_hash" to table: "pending_auth_sessions"
CREATE UNIQUE INDEX "pendingauthsession_token_hash" ON "pending_auth_sessions" ("token_hash");
-- create "identity_adoption_decisions" table
CREATE TABLE "identity_adoption_decisions" ("id" uuid NOT NULL, "user_id" uuid NOT NULL, "identity_id" uuid NOT NULL, "adopt_nickname" boolean NOT NULL, "adopt_avatar" boolean NOT NULL, "decided_at" timestamptz NOT NULL, "pending_auth_session_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "identity_adoption_decisions_pending_auth_sessions_decision" FOREIGN KEY ("pending_auth_session_id") REFERENCES "pending_auth_sessions" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "identity_adoption_decisions_pending_auth_session_id_key" to table: "identity_adoption_decisions"
CREATE UNIQUE INDEX "identity_adoption_decisions_pending_auth_session_id_key" ON "identity_adoption_decisions" ("pending_auth_session_id");
-- create index "identityadoptiondecision_user_id" to table: "identity_adoption_decisions"
CREATE INDEX "identityadoptiondecision_user_id" ON "identity_adoption_decisions" ("user_id");
-- create "mfa_factors" table
CREATE TABLE "mfa_factors" ("id" uuid NOT NULL, "kind" character varying NOT NULL DEFAULT 'totp', "friendly_name" character varying NOT NULL DEFAULT '', "status" character varying NOT NULL DEFAULT 'unverified', "secret_sealed" bytea NOT NULL, "last_step" bigint NOT NULL DEFAULT 0, "failures" bigint NOT NULL DEFAULT 0, "locked_until" timestamptz NULL, "last_challenged_at" timestamptz NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "mfa_factors_users_factors" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "mfafactor_user_id_friendly_name" to table: "mfa_factors"
CREATE UNIQUE INDEX "mfafactor_user_id_friendly_name" ON "mfa_factors" ("user_id", "friendly_name");
-- create "mfa_challenges" table
CREATE TABLE "mfa_challenges" ("id" uuid NOT NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "factor_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "mfa_challenges_mfa_factors_challenges" FOREIGN KEY ("factor_id") REFERENCES "mfa_factors" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
