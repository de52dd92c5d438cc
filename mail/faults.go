package mail

import (
	"errors"

	"tessera/fault"
)

// Faults of this room. Those that [Permanent] accepts do not get better by
// trying again.
var (
	ErrMessage = fault.Declare(fault.Invalid, "mail.message_invalid",
		"The mail cannot be written.", "Correct the named fields.")
	ErrConfig = fault.Declare(fault.Invalid, "mail.config_invalid",
		"The mail settings are not valid.", "Correct the named settings.")
	ErrNotConfigured = fault.Declare(fault.Unavailable, "mail.not_configured",
		"No mail server is configured.", "Set mail.host and mail.from, or switch on sign-up without confirmation.")
	ErrExpired = fault.Declare(fault.Unprocessable, "mail.expired",
		"The mail was not sent, because its link and code are no longer valid.", "Ask for a new mail.")
	ErrRefused = fault.Declare(fault.FailedDependency, "mail.refused",
		"The mail server refused the mail for good.", "Check the recipient's and the sender's address.")
	ErrUnreachable = fault.Declare(fault.FailedDependency, "mail.unreachable",
		"The mail server did not take the mail now.", "It is tried again; check mail.host, mail.port, mail.tls and the password if it stays.")
)

// Permanent reports whether err is a fault that another attempt would meet
// again, so that a job gives up.
func Permanent(err error) bool {
	return errors.Is(err, ErrMessage) || errors.Is(err, ErrExpired) || errors.Is(err, ErrRefused)
}
