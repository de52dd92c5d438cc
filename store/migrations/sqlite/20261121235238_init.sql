-- +goose Up
-- create "audit_entries" table
CREATE TABLE `audit_entries` (`id` uuid NOT NULL, `at` datetime NOT NULL, `action` text NOT NULL, `actor_id` uuid NULL, `actor_name` text NOT NULL DEFAULT (''), `user_id` uuid NULL, `ip` text NOT NULL DEFAULT (''), `user_agent` text NOT NULL DEFAULT (''), `request_id` text NOT NULL DEFAULT (''), `detail` json NULL, PRIMARY KEY (`id`));
-- create index "auditentry_at_id" to table: "audit_entries"
CREATE INDEX `auditentry_at_id` ON `audit_entries` (`at`, `id`);
-- create index "auditentry_user_id_at" to table: "audit_entries"
CREATE INDEX `auditentry_user_id_at` ON `audit_entries` (`user_id`, `at`);
-- create "auth_codes" table
CREATE TABLE `auth_codes` (`id` uuid NOT NULL, `code_hash` blob NOT NULL, `code_challenge` text NOT NULL, `code_challenge_method` text NOT NULL, `amr_method` text NOT NULL, `attempts` integer NOT NULL DEFAULT (0), `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `auth_codes_users_auth_codes` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "authcode_code_hash" to table: "auth_codes"
CREATE UNIQUE INDEX `authcode_code_hash` ON `auth_codes` (`code_hash`);
-- create index "authcode_expires_at" to table: "auth_codes"
CREATE INDEX `authcode_expires_at` ON `auth_codes` (`expires_at`);
-- create "auth_identities" table
CREATE TABLE `auth_identities` (`id` uuid NOT NULL, `provider_type` text NOT NULL, `provider_key` text NOT NULL DEFAULT (''), `provider_subject` text NOT NULL, `email` text NOT NULL DEFAULT (''), `claims` json NULL, `origin` text NOT NULL DEFAULT ('signup'), `verified_at` datetime NULL, `last_sign_in_at` datetime NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `auth_identities_users_identities` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "authidentity_provider_type_provider_key_provider_subject" to table: "auth_identities"
CREATE UNIQUE INDEX `authidentity_provider_type_provider_key_provider_subject` ON `auth_identities` (`provider_type`, `provider_key`, `provider_subject`);
-- create index "authidentity_user_id" to table: "auth_identities"
CREATE INDEX `authidentity_user_id` ON `auth_identities` (`user_id`);
-- create "jobs" table
CREATE TABLE `jobs` (`id` uuid NOT NULL, `kind` text NOT NULL, `uniq` text NOT NULL DEFAULT (''), `payload` blob NOT NULL, `state` text NOT NULL DEFAULT ('ready'), `attempt` integer NOT NULL DEFAULT (0), `max_attempts` integer NOT NULL, `run_at` datetime NOT NULL, `lease_until` datetime NULL, `last_error` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `finished_at` datetime NULL, PRIMARY KEY (`id`));
-- create index "job_state_run_at" to table: "jobs"
CREATE INDEX `job_state_run_at` ON `jobs` (`state`, `run_at`);
-- create index "job_state_lease_until" to table: "jobs"
CREATE INDEX `job_state_lease_until` ON `jobs` (`state`, `lease_until`);
-- create index "job_kind_uniq" to table: "jobs"
CREATE UNIQUE INDEX `job_kind_uniq` ON `jobs` (`kind`, `uniq`) WHERE uniq <> '' AND finished_at IS NULL;
-- create "one_time_tokens" table
CREATE TABLE `one_time_tokens` (`id` uuid NOT NULL, `kind` text NOT NULL, `email` text NOT NULL, `token_hash` blob NOT NULL, `code_hash` blob NOT NULL, `attempts` integer NOT NULL DEFAULT (0), `code_challenge` text NOT NULL DEFAULT (''), `code_challenge_method` text NOT NULL DEFAULT (''), `redirect_to` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `one_time_tokens_users_one_time_tokens` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "onetimetoken_token_hash" to table: "one_time_tokens"
CREATE UNIQUE INDEX `onetimetoken_token_hash` ON `one_time_tokens` (`token_hash`);
-- create index "onetimetoken_user_id_kind" to table: "one_time_tokens"
CREATE UNIQUE INDEX `onetimetoken_user_id_kind` ON `one_time_tokens` (`user_id`, `kind`);
-- create index "onetimetoken_expires_at" to table: "one_time_tokens"
CREATE INDEX `onetimetoken_expires_at` ON `one_time_tokens` (`expires_at`);
-- create "refresh_tokens" table
CREATE TABLE `refresh_tokens` (`id` uuid NOT NULL, `token_hash` blob NOT NULL, `generation` integer NOT NULL, `created_at` datetime NOT NULL, `replaced_at` datetime NULL, `session_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `refresh_tokens_sessions_refresh_tokens` FOREIGN KEY (`session_id`) REFERENCES `sessions` (`id`) ON DELETE CASCADE);
-- create index "refreshtoken_token_hash" to table: "refresh_tokens"
CREATE UNIQUE INDEX `refreshtoken_token_hash` ON `refresh_tokens` (`token_hash`);
-- create index "refreshtoken_session_id_generation" to table: "refresh_tokens"
CREATE UNIQUE INDEX `refreshtoken_session_id_generation` ON `refresh_tokens` (`session_id`, `generation`);
-- create "sessions" table
CREATE TABLE `sessions` (`id` uuid NOT NULL, `aal` text NOT NULL DEFAULT ('aal1'), `amr` json NOT NULL, `user_agent` text NOT NULL DEFAULT (''), `ip` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `refreshed_at` datetime NOT NULL, `not_after` datetime NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sessions_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "session_user_id_created_at" to table: "sessions"
CREATE INDEX `session_user_id_created_at` ON `sessions` (`user_id`, `created_at`);
-- create "settings" table
CREATE TABLE `settings` (`id` text NOT NULL, `document` blob NOT NULL, `version` integer NOT NULL DEFAULT (1), `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create "signing_keys" table
CREATE TABLE `signing_keys` (`id` text NOT NULL, `alg` text NOT NULL, `private_sealed` blob NOT NULL, `public_jwk` blob NOT NULL, `state` text NOT NULL, `created_at` datetime NOT NULL, `activated_at` datetime NULL, `retired_at` datetime NULL, `verify_until` datetime NULL, PRIMARY KEY (`id`));
-- create index "signingkey_state" to table: "signing_keys"
CREATE UNIQUE INDEX `signingkey_state` ON `signing_keys` (`state`) WHERE state <> 'retired';
-- create "test_users" table
CREATE TABLE `test_users` (`id` uuid NOT NULL, `username` text NOT NULL, `email` text NOT NULL DEFAULT (''), `auth_user_id` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `last_used_at` datetime NULL, PRIMARY KEY (`id`));
-- create index "testuser_username" to table: "test_users"
CREATE UNIQUE INDEX `testuser_username` ON `test_users` (`username`);
-- create "users" table
CREATE TABLE `users` (`id` uuid NOT NULL, `email` text NULL, `email_confirmed_at` datetime NULL, `new_email` text NULL, `email_change_sent_at` datetime NULL, `password_hash` text NULL, `role` text NOT NULL DEFAULT ('authenticated'), `is_admin` bool NOT NULL DEFAULT (false), `is_anonymous` bool NOT NULL DEFAULT (false), `nickname` text NOT NULL DEFAULT (''), `avatar_url` text NOT NULL DEFAULT (''), `app_metadata` json NULL, `user_metadata` json NULL, `signup_source` text NOT NULL DEFAULT ('email'), `confirmation_sent_at` datetime NULL, `recovery_sent_at` datetime NULL, `reauthentication_sent_at` datetime NULL, `invited_at` datetime NULL, `last_sign_in_at` datetime NULL, `last_active_at` datetime NULL, `banned_until` datetime NULL, `deleted_at` datetime NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "user_email" to table: "users"
CREATE UNIQUE INDEX `user_email` ON `users` (`email`);
-- create index "user_created_at_id" to table: "users"
CREATE INDEX `user_created_at_id` ON `users` (`created_at`, `id`);
-- create "conversations" table
CREATE TABLE `conversations` (`id` uuid NOT NULL, `user_id` uuid NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "conversation_user_id_updated_at" to table: "conversations"
CREATE INDEX `conversation_user_id_updated_at` ON `conversations` (`user_id`, `updated_at`);
-- create "messages" table
CREATE TABLE `messages` (`id` uuid NOT NULL, `user_id` uuid NOT NULL, `request_id` text NOT NULL, `form` text NOT NULL, `model` text NOT NULL, `dialect` text NOT NULL, `result_mode` text NOT NULL, `request` text NOT NULL, `metadata` text NOT NULL DEFAULT ('{}'), `state` text NOT NULL, `reply` text NOT NULL DEFAULT (''), `last_position` integer NOT NULL DEFAULT (0), `lease_owner` text NOT NULL DEFAULT (''), `lease_until` datetime NULL, `created_at` datetime NOT NULL, `finished_at` datetime NULL, `expires_at` datetime NOT NULL, `conversation_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `messages_conversations_messages` FOREIGN KEY (`conversation_id`) REFERENCES `conversations` (`id`) ON DELETE CASCADE);
-- create index "message_conversation_id_created_at" to table: "messages"
CREATE INDEX `message_conversation_id_created_at` ON `messages` (`conversation_id`, `created_at`);
-- create index "message_state_lease_until" to table: "messages"
CREATE INDEX `message_state_lease_until` ON `messages` (`state`, `lease_until`);
-- create index "message_expires_at" to table: "messages"
CREATE INDEX `message_expires_at` ON `messages` (`expires_at`);
-- create "message_events" table
CREATE TABLE `message_events` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `position` integer NOT NULL, `event` text NOT NULL, `data` text NOT NULL, `terminal` bool NOT NULL DEFAULT (false), `created_at` datetime NOT NULL, `message_id` uuid NOT NULL, CONSTRAINT `message_events_messages_events` FOREIGN KEY (`message_id`) REFERENCES `messages` (`id`) ON DELETE CASCADE);
-- create index "messageevent_message_id_position" to table: "message_events"
CREATE UNIQUE INDEX `messageevent_message_id_position` ON `message_events` (`message_id`, `position`);
-- create index "messageevent_message_id" to table: "message_events"
CREATE UNIQUE INDEX `messageevent_message_id` ON `message_events` (`message_id`) WHERE terminal;
