// Package fault is the one error type that crosses Tessera's rooms.
//
// A room declares its faults beside the rule that raises them:
//
//	var ErrEmailTaken = fault.Declare(fault.Conflict, "identity.email_taken",
//		"A user with this e-mail address exists already.", "Sign in, or use another address.")
//
// and a surface (package httpapi/...) turns Kind and Code into its own wire
// format. Whatever is not a Fault is internal: its text reaches our logs and
// nobody else. Standard library only.
package fault
