package console

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/identity"
	"tessera/session"
	"tessera/session/token"
)

// Access says who may call an operation.
type Access uint8

// Kinds of access, each including the ones after it.
const (
	Public        Access = iota // anybody
	FirstFactor                 // whoever is signed in, also without the account's second factor
	AnyUser                     // whoever is signed in, anonymous users too
	User                        // a signed-in user who is not anonymous
	Administrator               // a user with is_admin
)

func (a Access) description() string {
	return [...]string{
		"For anybody.", "For signed-in users, also before they showed their second factor.",
		"For signed-in users, anonymous ones included.",
		"For signed-in users who are not anonymous.", "For administrators.",
	}[a]
}

// Faults of access.
var (
	ErrNoToken = fault.Declare(fault.Unauthenticated, "access.token_missing",
		"This needs a signed-in user.", "Send the header Authorization: Bearer <access token>.")
	ErrSignedOut = fault.Declare(fault.Unauthenticated, "access.signed_out",
		"The session of this access token has ended.", "Sign in again.")
	ErrAnonymous = fault.Declare(fault.Forbidden, "access.anonymous_not_allowed",
		"Anonymous users may not do this.", "Sign up with an e-mail address and a password.")
	ErrNotAdmin = fault.Declare(fault.Forbidden, "access.administrator_only",
		"Only administrators may do this.", "Sign in as an administrator.")
	ErrElsewhere = fault.Declare(fault.Forbidden, "access.account_elsewhere",
		"This account signs in at another server.", "Change it there.")
	ErrAPIKey = fault.Declare(fault.Forbidden, "access.api_key_not_a_user",
		"An API key is not a user.", "Send the access token of a signed-in user.")
)

// Caller is who makes a request.
type Caller struct {
	User   identity.User
	Claims token.Claims
	// Session is the caller's own one here; zero where a trusted issuer signed
	// them in.
	Session session.Session
}

// IsLocal reports whether the caller signed in here, and so has a session that
// this server can judge and change.
func (c Caller) IsLocal() bool { return c.Session.ID != uuid.Nil }

// requireSecondFactor is session.RequireSecondFactor, for callers of trusted
// issuers too: theirs is the issuer's to ask for, and to state in the token.
func (c Caller) requireSecondFactor() error {
	if !c.IsLocal() && c.Claims.AAL == "aal2" {
		return nil
	}
	return session.RequireSecondFactor(c.User, c.Session)
}

// localCaller returns the caller where they signed in here. Fault: ErrElsewhere.
func localCaller(ctx context.Context) (Caller, error) {
	caller := CallerFrom(ctx)
	if !caller.IsLocal() {
		return Caller{}, ErrElsewhere
	}
	return caller, nil
}

// Authenticate finds the caller behind an access token: it verifies the token,
// holds it against the session it belongs to, and makes the local user of a
// trusted issuer's subject on its first request. Its faults are shown.
type Authenticate func(ctx context.Context, accessToken string) (Caller, error)

type callerKey struct{}

// CallerFrom returns who makes the request. It is only for operations that are
// not Public: elsewhere there is nobody, and it panics.
func CallerFrom(ctx context.Context) Caller {
	caller, ok := ctx.Value(callerKey{}).(Caller)
	if !ok {
		panic("console: no caller: the operation is public")
	}
	return caller
}

// admission lets a request in, and puts its caller into the context.
type admission func(ctx context.Context, authorization string) (context.Context, error)

// gate is the admission of an operation: its limits and its access.
func (a *API) gate(access Access, op *huma.Operation) admission {
	isLimited := a.limitAddress != nil && isCounted(op)
	return func(ctx context.Context, authorization string) (context.Context, error) {
		if isLimited {
			if err := a.limitAddress(ctx); err != nil {
				return ctx, err
			}
		}
		if access == Public {
			return ctx, nil
		}
		caller, err := a.caller(ctx, access, authorization)
		if err != nil {
			return ctx, err
		}
		if isLimited {
			if err := a.limitAccount(ctx, caller.User.ID); err != nil {
				return ctx, err
			}
		}
		ctx = identity.WithActor(ctx, identity.Actor{ID: caller.User.ID, Name: caller.User.Email})
		return context.WithValue(ctx, callerKey{}, caller), nil
	}
}

// caller finds who calls, and holds them against access.
func (a *API) caller(ctx context.Context, access Access, authorization string) (Caller, error) {
	scheme, accessToken, _ := strings.Cut(authorization, " ")
	accessToken = strings.TrimSpace(accessToken)
	if !strings.EqualFold(scheme, "Bearer") || accessToken == "" {
		return Caller{}, ErrNoToken
	}
	caller, err := a.auth(ctx, accessToken)
	if err == nil && access > FirstFactor {
		err = caller.requireSecondFactor()
	}
	switch {
	case err != nil:
		return Caller{}, err
	case access >= User && caller.User.IsAnonymous:
		return Caller{}, ErrAnonymous
	case access == Administrator && !caller.User.IsAdmin:
		return Caller{}, ErrNotAdmin
	}
	return caller, nil
}

// guardHuma is an admission for Huma, which runs it before it reads the body.
func (a *API) guardHuma(admit admission) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		ctx, err := admit(hc.Context(), hc.Header("Authorization"))
		if err != nil {
			_ = huma.WriteErr(a.huma, hc, http.StatusInternalServerError, "", err)
			return
		}
		next(huma.WithContext(hc, ctx))
	}
}
