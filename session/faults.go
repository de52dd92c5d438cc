package session

import "tessera/fault"

// Faults of this room.
var (
	ErrSessionNotFound = fault.Declare(fault.Forbidden, "session.not_found",
		"Session from session_id claim in JWT does not exist", "Sign in again.")
	ErrSessionExpired = fault.Declare(fault.Unauthenticated, "session.expired",
		"Invalid Refresh Token: Session Expired", "Sign in again.")
	ErrRefreshMalformed = fault.Declare(fault.Invalid, "session.refresh_token_malformed",
		"Refresh token is not valid", "Send the refresh token as it was handed out.")
	ErrRefreshNotFound = fault.Declare(fault.Unauthenticated, "session.refresh_token_not_found",
		"Invalid Refresh Token: Refresh Token Not Found", "Sign in again.")
	ErrRefreshReused = fault.Declare(fault.Unauthenticated, "session.refresh_token_reused",
		"Invalid Refresh Token: Already Used", "Sign in again; the session was ended because an old token came back.")
	ErrLinkInvalid = fault.Declare(fault.Forbidden, "session.link_invalid",
		"Token has expired or is invalid", "Ask for a new mail.")
	ErrLinkTypeUnknown = fault.Declare(fault.Invalid, "session.link_type_unknown",
		"Invalid email action link type requested", "Use signup, invite, magiclink, recovery, email_change_current or email_change_new.")
	ErrMailTooSoon = fault.Declare(fault.RateLimited, "session.mail_too_soon",
		"For security purposes, you can only request this again later.", "Wait, then ask again.")
	ErrCodeNotFound = fault.Declare(fault.NotFound, "session.code_not_found",
		"invalid flow state, no valid flow state found", "Start the sign-in again.")
	ErrCodeExpired = fault.Declare(fault.Unprocessable, "session.code_expired",
		"invalid flow state, flow state has expired", "Start the sign-in again.")
	ErrVerifierWrong = fault.Declare(fault.Invalid, "session.code_verifier_wrong",
		"code challenge does not match previously saved code verifier", "Exchange the code where the sign-in began.")
	ErrChallengeInvalid = fault.Declare(fault.Invalid, "session.code_challenge_invalid",
		"PKCE flow requires code_challenge_method and code_challenge", "Send both, or neither.")
	ErrScopeUnknown = fault.Declare(fault.Invalid, "session.logout_scope_unknown",
		"Unsupported logout scope", "Use global, local or others.")
	ErrConfirmationNeeded = fault.Declare(fault.Forbidden, "session.confirmation_needed",
		"This needs a recent proof of who you are.", "Confirm access, by one of the ways that GET /api/v1/me/access names; SDK clients call reauthenticate() and send the code as nonce, verify a factor, or sign in again.")
	// ErrSecondFactorNeeded is named as those see it who have no access without.
	ErrSecondFactorNeeded = fault.Declare(fault.Forbidden, "access.second_factor_needed",
		"This account has a second factor, and this session has not shown it.", "Send the code of the authenticator app, or a recovery code, to POST /api/v1/auth/second-factor; SDK clients verify the factor.")
	ErrNonceWrong = fault.Declare(fault.Unprocessable, "session.nonce_wrong",
		"Nonce has expired or is invalid", "Send the code of the newest reauthentication mail.")
	ErrPasswordWrong = fault.Declare(fault.Unprocessable, "session.password_wrong",
		"The password is not right.", "Type the present password of this account.")
	ErrProofUnavailable = fault.Declare(fault.Unprocessable, "session.proof_unavailable",
		"Access to this account cannot be confirmed in this way.", "GET /api/v1/me/access names the ways; an account with a second factor confirms by it or by a passkey.")
	ErrSessionUnknown = fault.Declare(fault.NotFound, "session.unknown",
		"There is no such session of this account.", "List the sessions of the account and name one of them.")
	ErrCurrentPasswordWrong = fault.Declare(fault.Invalid, "session.current_password_wrong",
		"The current password is not right", "Send the present password as current_password.")
	ErrOTPSignupDisabled = fault.Declare(fault.Unprocessable, "session.otp_disabled",
		"Signups not allowed for otp", "Sign up first.")
)
