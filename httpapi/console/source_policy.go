package console

import (
	"context"
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
func AddSourcePolicy(a *API, policies SourcePolicies) {
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
		if err := in.Body.Policy.Check(); err != nil {
			return nil, err
		}
		version, err := policies.Save(ctx, in.Body.Policy, in.Body.Version)
		if err != nil {
			return nil, err
		}
		return &sourcePolicyMessage{sourcePolicyBody{Version: version, Policy: in.Body.Policy}}, nil
	})
}
