package pendingauth

import "tessera/fault"

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

// Check refuses negative amounts.
func (p Policy) Check() error {
	for name, source := range p.Sources {
		for when, a := range map[string]Amount{"on_signup": source.OnSignup, "on_first_bind": source.OnFirstBind} {
			if a.BalanceMicros < 0 || a.Concurrency < 0 || a.SubscriptionDays < 0 {
				return ErrPolicyInvalid.On("sources."+name+"."+when, "must not be negative")
			}
		}
	}
	return nil
}
