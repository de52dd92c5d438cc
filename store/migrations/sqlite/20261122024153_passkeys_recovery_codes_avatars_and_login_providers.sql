-- +goose Up
-- add column "bind_sealed" to table: "auth_codes"
ALTER TABLE `auth_codes` ADD COLUMN `bind_sealed` blob NULL;
-- add column "confirmed_at" to table: "sessions"
ALTER TABLE `sessions` ADD COLUMN `confirmed_at` datetime NULL;
-- create index "user_last_sign_in_at_id" to table: "users"
CREATE INDEX `user_last_sign_in_at_id` ON `users` (`last_sign_in_at`, `id`);
-- create index "user_last_active_at_id" to table: "users"
CREATE INDEX `user_last_active_at_id` ON `users` (`last_active_at`, `id`);
-- create index "user_nickname" to table: "users"
CREATE INDEX `user_nickname` ON `users` (`nickname`);
-- create "login_providers" table
CREATE TABLE `login_providers` (`id` text NOT NULL, `provider_type` text NOT NULL, `display_name` text NOT NULL DEFAULT (''), `is_enabled` bool NOT NULL DEFAULT (false), `config` json NULL, `secrets_sealed` blob NULL, `version` integer NOT NULL DEFAULT (1), `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create "passkeys" table
CREATE TABLE `passkeys` (`id` uuid NOT NULL, `credential_id` blob NOT NULL, `public_key` blob NOT NULL, `aaguid` blob NOT NULL, `sign_count` integer NOT NULL DEFAULT (0), `transports` json NULL, `attachment` text NOT NULL DEFAULT (''), `attestation_type` text NOT NULL DEFAULT ('none'), `is_user_verified` bool NOT NULL DEFAULT (false), `is_backup_eligible` bool NOT NULL DEFAULT (false), `is_backed_up` bool NOT NULL DEFAULT (false), `friendly_name` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `last_used_at` datetime NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `passkeys_users_passkeys` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "passkey_credential_id" to table: "passkeys"
CREATE UNIQUE INDEX `passkey_credential_id` ON `passkeys` (`credential_id`);
-- create index "passkey_user_id_created_at" to table: "passkeys"
CREATE INDEX `passkey_user_id_created_at` ON `passkeys` (`user_id`, `created_at`);
-- create "recovery_codes" table
CREATE TABLE `recovery_codes` (`id` uuid NOT NULL, `code_hash` blob NOT NULL, `created_at` datetime NOT NULL, `used_at` datetime NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `recovery_codes_users_recovery_codes` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "recoverycode_user_id_code_hash" to table: "recovery_codes"
CREATE UNIQUE INDEX `recoverycode_user_id_code_hash` ON `recovery_codes` (`user_id`, `code_hash`);
-- create "user_avatars" table
CREATE TABLE `user_avatars` (`id` uuid NOT NULL, `source` text NOT NULL, `source_url` text NOT NULL DEFAULT (''), `content_type` text NOT NULL, `sha256` text NOT NULL, `content` blob NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `user_avatars_users_avatar` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "user_avatars_user_id_key" to table: "user_avatars"
CREATE UNIQUE INDEX `user_avatars_user_id_key` ON `user_avatars` (`user_id`);
-- create index "useravatar_sha256" to table: "user_avatars"
CREATE INDEX `useravatar_sha256` ON `user_avatars` (`sha256`);
-- create "webauthn_challenges" table
CREATE TABLE `webauthn_challenges` (`id` uuid NOT NULL, `purpose` text NOT NULL, `session_data` blob NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `user_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `webauthn_challenges_users_webauthn_challenges` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "webauthnchallenge_expires_at" to table: "webauthn_challenges"
CREATE INDEX `webauthnchallenge_expires_at` ON `webauthn_challenges` (`expires_at`);
