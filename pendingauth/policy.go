package pendingauth

import (
	"fmt"
	"maps"
	"slices"

	"tessera/fault"
)

// Amount is what a grant gives. Credits are integer micro-credits.
type Amount struct {
	BalanceMicros    int64 `json:"balance_micros"`
	Concurrency      int   `json:"concurrency"`
	SubscriptionDays int   `json:"subscription_days"`
}

// SourcePolicy is what an administrator decides about one type of source.
type SourcePolicy struct {
	// EmailRequired asks for a verified address before an account is made.
	EmailRequired bool   `json:"email_required"`
	OnSignup      Amount `json:"on_signup"`
	OnFirstBind   Amount `json:"on_first_bind"`
}

// Policy is what an administrator decides about sources, by provider type. A
// type that it does not name needs no address and grants nothing.
type Policy struct {
	Sources map[string]SourcePolicy `json:"sources"`
}

// Of returns the policy of a provider type.
func (p Policy) Of(sourceType string) SourcePolicy { return p.Sources[sourceType] }

// ErrPolicyInvalid is of a policy that no administrator can mean.
var ErrPolicyInvalid = fault.Declare(fault.Unprocessable, "pendingauth.policy_invalid",
	"The policy is not valid.", "Correct the named fields.")

// The most that a grant gives. Clients whose numbers are floating-point ones
// keep a balance exactly up to 2^53 - 1.
const (
	MaxBalanceMicros    = 1<<53 - 1
	MaxConcurrency      = 10_000
	MaxSubscriptionDays = 36_500
)

// Check refuses amounts that are negative, or too large to be meant.
func (p Policy) Check() error {
	refused := ErrPolicyInvalid
	limit := func(field string, value, most int64) {
		if value < 0 || value > most {
			refused = refused.On(field, fmt.Sprintf("must be from 0 to %d", most))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Sources)) {
		source, at := p.Sources[name], "sources."+name+"."
		for _, grant := range []struct {
			when string
			Amount
		}{{"on_signup.", source.OnSignup}, {"on_first_bind.", source.OnFirstBind}} {
			limit(at+grant.when+"balance_micros", grant.BalanceMicros, MaxBalanceMicros)
			limit(at+grant.when+"concurrency", int64(grant.Concurrency), MaxConcurrency)
			limit(at+grant.when+"subscription_days", int64(grant.SubscriptionDays), MaxSubscriptionDays)
		}
	}
	if len(refused.Fields) > 0 {
		return refused
	}
	return nil
}
