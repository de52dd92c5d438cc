-- +goose Up
-- create "auth_flows" table
CREATE TABLE `auth_flows` (`id` uuid NOT NULL, `state_hash` blob NOT NULL, `browser_hash` blob NOT NULL, `provider` text NOT NULL, `channel` text NOT NULL DEFAULT (''), `intent` text NOT NULL, `user_id` uuid NULL, `session_id` uuid NULL, `nonce` text NOT NULL, `verifier_sealed` blob NOT NULL, `redirect_to` text NOT NULL, `code_challenge` text NOT NULL DEFAULT (''), `code_challenge_method` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "authflow_state_hash" to table: "auth_flows"
CREATE UNIQUE INDEX `authflow_state_hash` ON `auth_flows` (`state_hash`);
-- create index "authflow_expires_at" to table: "auth_flows"
CREATE INDEX `authflow_expires_at` ON `auth_flows` (`expires_at`);
-- create "auth_identity_channels" table
CREATE TABLE `auth_identity_channels` (`id` uuid NOT NULL, `provider_type` text NOT NULL, `provider_key` text NOT NULL DEFAULT (''), `channel` text NOT NULL, `channel_app_id` text NOT NULL, `channel_subject` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `identity_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `auth_identity_channels_auth_identities_channels` FOREIGN KEY (`identity_id`) REFERENCES `auth_identities` (`id`) ON DELETE CASCADE);
-- create index "authidentitychannel_provider_ty_9e5e83a6073c8096ae3b1e15cac03ec6" to table: "auth_identity_channels"
CREATE UNIQUE INDEX `authidentitychannel_provider_ty_9e5e83a6073c8096ae3b1e15cac03ec6` ON `auth_identity_channels` (`provider_type`, `provider_key`, `channel`, `channel_app_id`, `channel_subject`);
-- create index "authidentitychannel_identity_id" to table: "auth_identity_channels"
CREATE INDEX `authidentitychannel_identity_id` ON `auth_identity_channels` (`identity_id`);
-- create "identity_adoption_decisions" table
CREATE TABLE `identity_adoption_decisions` (`id` uuid NOT NULL, `user_id` uuid NOT NULL, `identity_id` uuid NOT NULL, `adopt_nickname` bool NOT NULL, `adopt_avatar` bool NOT NULL, `decided_at` datetime NOT NULL, `pending_auth_session_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `identity_adoption_decisions_pending_auth_sessions_decision` FOREIGN KEY (`pending_auth_session_id`) REFERENCES `pending_auth_sessions` (`id`) ON DELETE CASCADE);
-- create index "identity_adoption_decisions_pending_auth_session_id_key" to table: "identity_adoption_decisions"
CREATE UNIQUE INDEX `identity_adoption_decisions_pending_auth_session_id_key` ON `identity_adoption_decisions` (`pending_auth_session_id`);
-- create index "identityadoptiondecision_user_id" to table: "identity_adoption_decisions"
CREATE INDEX `identityadoptiondecision_user_id` ON `identity_adoption_decisions` (`user_id`);
-- create "mfa_challenges" table
CREATE TABLE `mfa_challenges` (`id` uuid NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `factor_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `mfa_challenges_mfa_factors_challenges` FOREIGN KEY (`factor_id`) REFERENCES `mfa_factors` (`id`) ON DELETE CASCADE);
-- create "mfa_factors" table
CREATE TABLE `mfa_factors` (`id` uuid NOT NULL, `kind` text NOT NULL DEFAULT ('totp'), `friendly_name` text NOT NULL DEFAULT (''), `status` text NOT NULL DEFAULT ('unverified'), `secret_sealed` blob NOT NULL, `last_step` integer NOT NULL DEFAULT (0), `failures` integer NOT NULL DEFAULT (0), `locked_until` datetime NULL, `last_challenged_at` datetime NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `mfa_factors_users_factors` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "mfafactor_user_id_friendly_name" to table: "mfa_factors"
CREATE UNIQUE INDEX `mfafactor_user_id_friendly_name` ON `mfa_factors` (`user_id`, `friendly_name`);
-- create "pending_auth_sessions" table
CREATE TABLE `pending_auth_sessions` (`id` uuid NOT NULL, `token_hash` blob NOT NULL, `provider` text NOT NULL, `provider_type` text NOT NULL, `provider_key` text NOT NULL DEFAULT (''), `provider_subject` text NOT NULL, `nickname` text NOT NULL DEFAULT (''), `avatar_url` text NOT NULL DEFAULT (''), `provider_email` text NOT NULL DEFAULT (''), `claims` json NULL, `channels` json NULL, `email_required` bool NOT NULL DEFAULT (false), `email` text NOT NULL DEFAULT (''), `email_verified_at` datetime NULL, `code_hash` blob NULL, `code_expires_at` datetime NULL, `code_attempts` integer NOT NULL DEFAULT (0), `bind_user_id` uuid NULL, `password_verified_at` datetime NULL, `totp_verified_at` datetime NULL, `session_verified_at` datetime NULL, `proof_attempts` integer NOT NULL DEFAULT (0), `redirect_to` text NOT NULL, `code_challenge` text NOT NULL DEFAULT (''), `code_challenge_method` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `consumed_at` datetime NULL, PRIMARY KEY (`id`));
-- create index "pendingauthsession_token_hash" to table: "pending_auth_sessions"
CREATE UNIQUE INDEX `pendingauthsession_token_hash` ON `pending_auth_sessions` (`token_hash`);
-- create index "pendingauthsession_expires_at" to table: "pending_auth_sessions"
CREATE INDEX `pendingauthsession_expires_at` ON `pending_auth_sessions` (`expires_at`);
-- create "source_grants" table
CREATE TABLE `source_grants` (`id` uuid NOT NULL, `user_id` uuid NOT NULL, `provider_type` text NOT NULL, `reason` text NOT NULL, `balance_micros` integer NOT NULL, `concurrency` integer NOT NULL, `subscription_days` integer NOT NULL, `alias_key` text NULL, `granted_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "sourcegrant_user_id_provider_type_reason" to table: "source_grants"
CREATE UNIQUE INDEX `sourcegrant_user_id_provider_type_reason` ON `source_grants` (`user_id`, `provider_type`, `reason`);
-- create index "sourcegrant_alias_key_provider_type_reason" to table: "source_grants"
CREATE UNIQUE INDEX `sourcegrant_alias_key_provider_type_reason` ON `source_grants` (`alias_key`, `provider_type`, `reason`);
