package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tessera/httpapi"
)

// RateLimits say how often this surface may be asked. Event streams do not
// count: when a server comes back, all its clients come back at once, and none
// may be locked out for it.
type RateLimits struct {
	Requests httpapi.Rate `doc:"Requests to /api/v1 from one address, event streams not counted." default:"1200/1m"`
	Account  httpapi.Rate `doc:"Requests to /api/v1 by one user, event streams not counted." default:"600/1m"`
	Proof    httpapi.Rate `doc:"Passwords and codes tried to confirm access or as a second factor, for one account." default:"10/5m"`
	Avatars  httpapi.Rate `doc:"Pictures set by one user." default:"30/10m"`
}

// proof is the limit of confirming access.
func (r RateLimits) proof() httpapi.Limit { return httpapi.Limit{Name: "proof", Account: r.Proof} }

// WithLimits applies the rates to every operation that is added from now on: to
// the address before anything else, to the user once it is known who that is.
func (a *API) WithLimits(limits *httpapi.Limits, rates RateLimits) {
	limit := httpapi.Limit{Name: "api", Address: rates.Requests, Account: rates.Account}
	a.limitAddress = func(ctx context.Context) error { return limits.CheckAddress(ctx, limit) }
	a.limitAccount = func(ctx context.Context, id uuid.UUID) error { return limits.CheckAccount(ctx, limit, id.String()) }
}

// isCounted reports whether an operation counts against the limits.
func isCounted(op *huma.Operation) bool {
	ok, found := op.Responses["200"]
	if !found {
		return true
	}
	_, isStream := ok.Content["text/event-stream"]
	return !isStream
}
