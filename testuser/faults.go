package testuser

import "tessera/fault"

// Faults of test users. Each says what to do.
var (
	ErrDisabled = fault.Declare(fault.Forbidden, "testuser.disabled",
		"Test users are switched off on this server.",
		"An operator switches them on with the setting test_users.enabled (TESSERA_TEST_USERS_ENABLED=on).")
	ErrPrefixNotAllowed = fault.Declare(fault.Unprocessable, "testuser.prefix_not_allowed",
		"This name is not allowed for a test user.",
		"Use an allowed prefix, or one with a number as in gymbro-test-01; an operator sets test_users.prefixes.")
	ErrNotFound = fault.Declare(fault.NotFound, "testuser.not_found",
		"There is no such test user.", "List the test users, or create one.")
	ErrNumbersUsedUp = fault.Declare(fault.Conflict, "testuser.numbers_used_up",
		"All numbers of this prefix are in use.", "Reuse a test user, or have another prefix allowed.")
	ErrServiceRoleKeyMissing = fault.Declare(fault.FailedDependency, "testuser.service_role_key_missing",
		"The auth server's service role key is not configured, so no test user can be made.",
		"Set the project's service role key (TESSERA_SUPABASE_SERVICE_ROLE_KEY) and restart the server.")
	ErrServiceRoleKeyRefused = fault.Declare(fault.FailedDependency, "testuser.service_role_key_refused",
		"The auth server refused the service role key.",
		"Set the key that the project shows as service_role, not the anon key, and restart the server.")
	ErrAuthServerUnreachable = fault.Declare(fault.FailedDependency, "testuser.auth_server_unreachable",
		"The auth server did not answer.", "Check that its URL is right and that it is running; then try again.")
	ErrAuthServerRefused = fault.Declare(fault.FailedDependency, "testuser.auth_server_refused",
		"The auth server refused.", "Its reason is in the detail.")
	ErrAddressTaken = fault.Declare(fault.FailedDependency, "testuser.address_taken",
		"The test user's address belongs to an account at the auth server that is not a test user.",
		"Delete or rename that account, or use another number.")
	ErrTokenNotAccepted = fault.Declare(fault.FailedDependency, "testuser.token_not_accepted",
		"The auth server issued a token that this server does not accept.",
		"Check that the auth server is among the trusted issuers, with its exact issuer name.")
	ErrMailKeyMissing = fault.Declare(fault.Unprocessable, "testuser.mail_key_missing",
		"The Mail API needs a key, and there is none.",
		"Send mail_api_key, or have an operator set test_users.mail_api.key (TESSERA_TEST_USERS_MAIL_API_KEY).")
	ErrMailKeyRefused = fault.Declare(fault.FailedDependency, "testuser.mail_key_refused",
		"The Mail API refused the key.", "Send a valid mail_api_key, or have an operator correct test_users.mail_api.key.")
	ErrMailAPIFailed = fault.Declare(fault.FailedDependency, "testuser.mail_api_failed",
		"The Mail API did not give a mailbox.", "Its reason is in the detail; try again, or remove test_users.mail_api.url to use the fixed test domain.")
)
