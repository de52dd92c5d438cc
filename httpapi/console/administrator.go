package console

import (
	"context"

	"tessera/identity"
	"tessera/session"
)

// Confirmer knows who proved not long ago who they are; session.Service does.
// Fault: session.ErrConfirmationNeeded.
type Confirmer interface {
	RequireConfirmed(user identity.User, from session.Session) error
}

// confirmedAdministrator is asked before what decides over other people's
// accounts, over ways to sign in, or over money. An administrator whom a
// trusted issuer signed in has no session here to confirm: the issuer's token
// is the proof, as for all that they do.
func confirmedAdministrator(ctx context.Context, c Confirmer) error {
	caller := CallerFrom(ctx)
	if !caller.IsLocal() {
		return nil
	}
	return c.RequireConfirmed(caller.User, caller.Session)
}
