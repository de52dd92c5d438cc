package pendingauth

import "tessera/fault"

// Faults of this room.
var (
	ErrFlowUnknown = fault.Declare(fault.Forbidden, "pendingauth.flow_unknown",
		"OAuth state not found or expired", "Start the sign-in again, in one browser and within ten minutes.")
	ErrMixedUp = fault.Declare(fault.Forbidden, "pendingauth.answer_mixed_up",
		"The answer came back at another provider's address.", "Start the sign-in again; if it stays, report the request id.")
	ErrPendingUnknown = fault.Declare(fault.NotFound, "pendingauth.session_unknown",
		"There is no sign-in waiting in this browser, or its time is over.", "Start the sign-in again.")
	ErrNoPicture = fault.Declare(fault.NotFound, "pendingauth.no_picture",
		"The provider states no picture.", "Go on without it.")
	ErrEmailRequired = fault.Declare(fault.Unprocessable, "pendingauth.email_required",
		"An account from this source needs a verified e-mail address.", "Verify an address with the code that we mail to it.")
	ErrEmailHasAccount = fault.Declare(fault.Conflict, "pendingauth.email_has_account",
		"There is an account with this e-mail address.", "Bind to that account after signing in to it, or use another address.")
	ErrCodeWrong = fault.Declare(fault.Forbidden, "pendingauth.code_wrong",
		"The code is wrong or has expired.", "Check the newest mail, or ask for another code.")
	ErrProofMissing = fault.Declare(fault.Forbidden, "pendingauth.proof_missing",
		"Binding needs proof that the account is yours.", "Sign in to the account first: its password, and its second factor where it has one.")
	ErrTOTPRequired = fault.Declare(fault.Forbidden, "pendingauth.totp_required",
		"This account has a second factor.", "Send the code of its authenticator app.")
	ErrTooManyProofs = fault.Declare(fault.RateLimited, "pendingauth.too_many_proofs",
		"Too many wrong passwords or codes.", "Start the sign-in again.")
)
