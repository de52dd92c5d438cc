package console

import (
	"context"
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tessera/pendingauth"
)

// SourcePolicies keeps what an administrator decides about sign-in sources.
type SourcePolicies interface {
	Load(ctx context.Context) (pendingauth.Policy, int64, error)
	// Save writes a policy over the version that it was made from.
	Save(ctx context.Context, policy pendingauth.Policy, loaded int64) (int64, error)
}

type sourcePolicyBody struct {
	Version int64              `json:"version" minimum:"0" doc:"The version that this is, or was made from; 0 = never saved."`
	Policy  pendingauth.Policy `json:"policy"`
}

type sourcePolicyMessage struct{ Body sourcePolicyBody }

// AddSourcePolicy adds what administrators decide about sign-in sources: which
// of them need an address, and what each gives.
//
// PUT writes the whole policy. PATCH writes what it was given and leaves the
// rest, so that a page that shows one source cannot take away what another
// page decided.
func AddSourcePolicy(a *API, policies SourcePolicies, sessions Confirmer) {
	Register(a, Administrator, huma.Operation{
		OperationID: "get-source-policy", Method: http.MethodGet, Path: "/admin/policies/sources", Tags: []string{"Administration"},
		Summary: "Which sources need an address, and what each gives",
	}, func(ctx context.Context, _ *struct{}) (*sourcePolicyMessage, error) {
		policy, version, err := policies.Load(ctx)
		if policy.Sources == nil {
			policy.Sources = map[string]pendingauth.SourcePolicy{}
		}
		return &sourcePolicyMessage{sourcePolicyBody{Version: version, Policy: policy}}, err
	})
	Register(a, Administrator, huma.Operation{
		OperationID: "put-source-policy", Method: http.MethodPut, Path: "/admin/policies/sources", Tags: []string{"Administration"},
		Summary: "Decide which sources need an address, and what each gives",
	}, func(ctx context.Context, in *sourcePolicyMessage) (*sourcePolicyMessage, error) {
		return saveSourcePolicy(ctx, policies, sessions, in.Body.Policy, in.Body.Version)
	})
	Register(a, Administrator, huma.Operation{
		OperationID: "patch-source-policy", Method: http.MethodPatch, Path: "/admin/policies/sources", Tags: []string{"Administration"},
		Summary: "Decide about some sources, or some of what they give, and leave the rest",
	}, func(ctx context.Context, in *sourcePolicyPatch) (*sourcePolicyMessage, error) {
		policy, _, err := policies.Load(ctx)
		if err != nil {
			return nil, err
		}
		// Made from another version than the one that was just loaded, the save
		// is refused.
		return saveSourcePolicy(ctx, policies, sessions, in.over(policy), in.Body.Version)
	})
}

func saveSourcePolicy(
	ctx context.Context, policies SourcePolicies, sessions Confirmer, policy pendingauth.Policy, loaded int64,
) (*sourcePolicyMessage, error) {
	if err := confirmedAdministrator(ctx, sessions); err != nil {
		return nil, err
	}
	if err := policy.Check(); err != nil {
		return nil, err
	}
	version, err := policies.Save(ctx, policy, loaded)
	if err != nil {
		return nil, err
	}
	return &sourcePolicyMessage{sourcePolicyBody{Version: version, Policy: policy}}, nil
}

type sourcePolicyPatch struct {
	Body struct {
		Version int64                        `json:"version" minimum:"0" doc:"The version that the change was made from; 0 = never saved."`
		Sources map[string]SourcePolicyPatch `json:"sources" doc:"By provider type; what is not named stays as it is."`
	}
}

// SourcePolicyPatch is what changes of one source.
type SourcePolicyPatch struct {
	EmailRequired *bool        `json:"email_required,omitempty"`
	OnSignup      *AmountPatch `json:"on_signup,omitempty"`
	OnFirstBind   *AmountPatch `json:"on_first_bind,omitempty"`
}

// AmountPatch is what changes of a grant.
type AmountPatch struct {
	BalanceMicros    *int64 `json:"balance_micros,omitempty" doc:"Millionths of a credit."`
	Concurrency      *int   `json:"concurrency,omitempty"`
	SubscriptionDays *int   `json:"subscription_days,omitempty"`
}

// over lays the change over a policy, which it leaves alone.
func (in *sourcePolicyPatch) over(policy pendingauth.Policy) pendingauth.Policy {
	changed := pendingauth.Policy{Sources: map[string]pendingauth.SourcePolicy{}}
	maps.Copy(changed.Sources, policy.Sources)
	for name, patch := range in.Body.Sources {
		source := changed.Sources[name]
		set(&source.EmailRequired, patch.EmailRequired)
		patch.OnSignup.over(&source.OnSignup)
		patch.OnFirstBind.over(&source.OnFirstBind)
		changed.Sources[name] = source
	}
	return changed
}

func (p *AmountPatch) over(amount *pendingauth.Amount) {
	if p == nil {
		return
	}
	set(&amount.BalanceMicros, p.BalanceMicros)
	set(&amount.Concurrency, p.Concurrency)
	set(&amount.SubscriptionDays, p.SubscriptionDays)
}

// set writes a value that was given.
func set[T any](into, given *T) {
	if given != nil {
		*into = *given
	}
}
