package identity

import "tessera/fault"

// Faults of this room.
var (
	ErrBadCredentials = fault.Declare(fault.Unauthenticated, "identity.bad_credentials",
		"Invalid login credentials", "Check the e-mail address and the password, or reset the password.")
	ErrEmailTaken = fault.Declare(fault.Conflict, "identity.email_taken",
		"A user with this email address has already been registered", "Sign in with it, or use another address.")
	ErrEmailInvalid = fault.Declare(fault.Invalid, "identity.email_invalid",
		"Unable to validate email address: invalid format", "Use an address like name@example.com.")
	ErrEmailMissing = fault.Declare(fault.Invalid, "identity.email_missing",
		"An email address is required", "Send the field email.")
	ErrEmailNotConfirmed = fault.Declare(fault.Forbidden, "identity.email_not_confirmed",
		"Email not confirmed", "Open the link in the confirmation mail, or ask for another one.")
	ErrPasswordMissing = fault.Declare(fault.Invalid, "identity.password_missing",
		"Signup requires a valid password", "Send the field password.")
	ErrPasswordTooLong = fault.Declare(fault.Invalid, "identity.password_too_long",
		"Password cannot be longer than 72 characters", "Use at most 72 bytes.")
	ErrPasswordWeak = fault.Declare(fault.Unprocessable, "identity.password_weak",
		"Password is too weak", "Use a longer password.")
	ErrPasswordSame = fault.Declare(fault.Unprocessable, "identity.password_same",
		"New password should be different from the old password.", "Choose another password.")
	ErrPasswordHashInvalid = fault.Declare(fault.Invalid, "identity.password_hash_invalid",
		"The password hash is not one this server can verify", "Send a bcrypt or argon2id hash within the limits of docs/errors.md.")
	ErrHashingBusy = fault.Declare(fault.RateLimited, "identity.hashing_busy",
		"Too many sign-ins at once", "Try again in a few seconds.")
	ErrRoleInvalid = fault.Declare(fault.Invalid, "identity.role_invalid",
		"The role is not a name that a database role could have", "Use up to 63 letters, digits and underscores.")
	ErrUserNotFound = fault.Declare(fault.NotFound, "identity.user_not_found",
		"User not found", "")
	ErrUserBanned = fault.Declare(fault.Forbidden, "identity.user_banned",
		"User is banned", "Ask the operator.")
	ErrIdentityTaken = fault.Declare(fault.Conflict, "identity.identity_taken",
		"This identity belongs to an account already", "Sign in with it.")
	ErrIdentityNotFound = fault.Declare(fault.NotFound, "identity.identity_not_found",
		"Identity doesn't exist", "List the identities of the account and name one of them.")
	ErrLastWayIn = fault.Declare(fault.Unprocessable, "identity.last_way_in",
		"User must have at least 1 identity after unlinking", "Add another way to sign in first.")
	ErrSignupDisabled = fault.Declare(fault.Unprocessable, "identity.signup_disabled",
		"Signups not allowed for this instance", "Ask the operator for an account.")
	ErrAnonymousDisabled = fault.Declare(fault.Unprocessable, "identity.anonymous_disabled",
		"Anonymous sign-ins are disabled", "Sign up with an e-mail address.")
	ErrUserExists = fault.Declare(fault.Conflict, "identity.user_exists",
		"A user with this id exists already", "Send no id, or another one.")
)
