package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tessera/fault"
	"tessera/provider"
)

// ProviderSetups keeps the login providers; provider.Setups does.
type ProviderSetups interface {
	All(ctx context.Context) ([]provider.Described, error)
	One(ctx context.Context, name string) (provider.Described, error)
	Create(ctx context.Context, name, kind string, c provider.Change) (provider.Described, error)
	Modify(ctx context.Context, name string, loaded int64, c provider.Change) (provider.Described, error)
	Remove(ctx context.Context, name string) error
	Examine(ctx context.Context, name string) ([]provider.Finding, error)
}

// ProviderAdministration is what administrators do with login providers.
type ProviderAdministration struct {
	Setups      ProviderSetups
	Sessions    Confirmer
	Kinds       []provider.Kind
	RedirectURI func(name string) string
}

// ProviderType is a type of provider that can be set up.
type ProviderType struct {
	Type        string          `json:"type"`
	DisplayName string          `json:"display_name"`
	IsSingle    bool            `json:"is_single" doc:"There can be one provider of the type."`
	Fields      []ProviderField `json:"fields" nullable:"false"`
}

// ProviderField is a setting of a type of provider.
type ProviderField struct {
	Name    string `json:"name"`
	Kind    string `json:"kind" enum:"text,list,secret"`
	Default string `json:"default" doc:"What holds where nothing is given; of a list the items, separated by commas."`
	Help    string `json:"help"`
}

// ProviderView is a login provider. Secrets are never shown.
type ProviderView struct {
	Name        string          `json:"name" doc:"How URLs call it."`
	Type        string          `json:"type"`
	DisplayName string          `json:"display_name"`
	IsEnabled   bool            `json:"is_enabled"`
	Origin      string          `json:"origin" enum:"configuration,administration" doc:"Those of the server's configuration can be read and tested here, not changed."`
	Version     int64           `json:"version" doc:"Send it with a change; 0 of those of the configuration."`
	Config      map[string]any  `json:"config" doc:"The settings that are no secrets, defaults included."`
	Secrets     map[string]bool `json:"secrets" doc:"Which secrets are set."`
	RedirectURI string          `json:"redirect_uri" doc:"To be registered at the provider."`
	Problem     *ProviderCheck  `json:"problem,omitempty" doc:"Why it is not in use although it is enabled."`
	UpdatedAt   *time.Time      `json:"updated_at"`
}

// ProviderCheck is how one step of a test went.
type ProviderCheck struct {
	Name   string `json:"name" doc:"discovery, keys, credentials; of WeChat credentials_open and credentials_mp."`
	OK     bool   `json:"ok"`
	Code   string `json:"code" doc:"The fault's code; empty when the step went well."`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
	Reason string `json:"reason" doc:"What was found, in technical words."`
}

type providerOutput struct{ Body ProviderView }

type providersOutput struct {
	Body struct {
		Data  []ProviderView `json:"data" nullable:"false"`
		Types []ProviderType `json:"types" nullable:"false" doc:"What can be set up, with the fields of each."`
	}
}

type providerPath struct {
	Name string `path:"name" maxLength:"64" doc:"The provider's name."`
}

type newProviderInput struct {
	Body struct {
		Name        string         `json:"name" minLength:"1" maxLength:"40" doc:"How URLs call it; it stays. a-z, 0-9, _, : and -."`
		Type        string         `json:"type" minLength:"1" maxLength:"40"`
		DisplayName *string        `json:"display_name,omitempty" maxLength:"200" doc:"How people know it. Without it, the type's name."`
		IsEnabled   bool           `json:"is_enabled,omitempty"`
		Config      map[string]any `json:"config,omitempty" doc:"Settings by name: a text, or a list of texts."`
		Secrets     map[string]any `json:"secrets,omitempty" doc:"Secrets by name."`
	}
}

type changeProviderInput struct {
	Name string `path:"name" maxLength:"64"`
	Body struct {
		Version     int64          `json:"version" minimum:"1" doc:"The version that the change was made from."`
		DisplayName *string        `json:"display_name,omitempty" maxLength:"200"`
		IsEnabled   *bool          `json:"is_enabled,omitempty"`
		Config      map[string]any `json:"config,omitempty" doc:"Only what is named is changed; null brings the default back."`
		Secrets     map[string]any `json:"secrets,omitempty" doc:"Only what is named is changed; null takes a secret away."`
	}
}

type providerTestOutput struct {
	Body struct {
		Checks      []ProviderCheck `json:"checks" nullable:"false"`
		RedirectURI string          `json:"redirect_uri" doc:"To be registered at the provider; no test can tell whether it is."`
	}
}

// AddProviderAdministration adds the login providers.
func AddProviderAdministration(a *API, p ProviderAdministration) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/admin/providers" + path, Summary: summary, Tags: []string{"Administration"}}
	}
	Register(a, Administrator, op("list-providers", http.MethodGet, "", "The login providers, and the types that can be set up"), p.list)
	Register(a, Administrator, op("create-provider", http.MethodPost, "", "Set a login provider up"), p.create)
	Register(a, Administrator, op("get-provider", http.MethodGet, "/{name}", "One login provider"), p.get)
	Register(a, Administrator, op("change-provider", http.MethodPatch, "/{name}", "Change what is given of a login provider"), p.change)
	remove := op("delete-provider", http.MethodDelete, "/{name}", "Take a login provider away; identities that came through it stay")
	remove.DefaultStatus = http.StatusNoContent
	Register(a, Administrator, remove, p.remove)
	Register(a, Administrator, op("test-provider", http.MethodPost, "/{name}/test", "Try a login provider out as it is saved"), p.test)
}

func (p ProviderAdministration) list(ctx context.Context, _ *struct{}) (*providersOutput, error) {
	all, err := p.Setups.All(ctx)
	if err != nil {
		return nil, err
	}
	out := &providersOutput{}
	out.Body.Data = each(all, p.view)
	out.Body.Types = each(p.Kinds, providerType)
	return out, nil
}

func (p ProviderAdministration) get(ctx context.Context, in *providerPath) (*providerOutput, error) {
	d, err := p.Setups.One(ctx, in.Name)
	return p.answer(d, err)
}

func (p ProviderAdministration) create(ctx context.Context, in *newProviderInput) (*providerOutput, error) {
	if err := confirmedAdministrator(ctx, p.Sessions); err != nil {
		return nil, err
	}
	d, err := p.Setups.Create(ctx, in.Body.Name, in.Body.Type, provider.Change{
		DisplayName: in.Body.DisplayName, IsEnabled: &in.Body.IsEnabled, Config: in.Body.Config, Secrets: in.Body.Secrets,
	})
	return p.answer(d, err)
}

func (p ProviderAdministration) change(ctx context.Context, in *changeProviderInput) (*providerOutput, error) {
	if err := confirmedAdministrator(ctx, p.Sessions); err != nil {
		return nil, err
	}
	d, err := p.Setups.Modify(ctx, in.Name, in.Body.Version, provider.Change{
		DisplayName: in.Body.DisplayName, IsEnabled: in.Body.IsEnabled, Config: in.Body.Config, Secrets: in.Body.Secrets,
	})
	return p.answer(d, err)
}

func (p ProviderAdministration) remove(ctx context.Context, in *providerPath) (*struct{}, error) {
	if err := confirmedAdministrator(ctx, p.Sessions); err != nil {
		return nil, err
	}
	return nil, p.Setups.Remove(ctx, in.Name)
}

func (p ProviderAdministration) test(ctx context.Context, in *providerPath) (*providerTestOutput, error) {
	findings, err := p.Setups.Examine(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &providerTestOutput{}
	out.Body.Checks = each(findings, providerCheck)
	out.Body.RedirectURI = p.RedirectURI(in.Name)
	return out, nil
}

func (p ProviderAdministration) answer(d provider.Described, err error) (*providerOutput, error) {
	if err != nil {
		return nil, err
	}
	return &providerOutput{Body: p.view(d)}, nil
}

func (p ProviderAdministration) view(d provider.Described) ProviderView {
	v := ProviderView{
		Name: d.Name, Type: d.Type, DisplayName: d.DisplayName, IsEnabled: d.IsEnabled, Origin: "administration", Version: d.Version,
		Config: d.Values, Secrets: d.SecretsSet, RedirectURI: p.RedirectURI(d.Name), UpdatedAt: &d.UpdatedAt,
	}
	if d.IsFixed {
		v.Origin, v.UpdatedAt = "configuration", nil
	}
	if d.Problem != nil {
		problem := providerCheck(provider.Finding{Step: "settings", Err: d.Problem})
		v.Problem = &problem
	}
	return v
}

func providerCheck(f provider.Finding) ProviderCheck {
	c := ProviderCheck{Name: f.Step, OK: f.Err == nil}
	if f.Err == nil {
		return c
	}
	known := fault.From(f.Err)
	c.Code, c.Detail, c.Hint = known.Code, known.Message, known.Hint
	// The adapters keep URLs' queries, bodies and secrets out of their errors.
	if cause := errors.Unwrap(known); cause != nil && known.Kind != fault.Internal {
		c.Reason = cause.Error()
	}
	for _, field := range known.Fields {
		c.Reason += field.Name + " " + field.Message + ". "
	}
	return c
}

func providerType(k provider.Kind) ProviderType {
	return ProviderType{
		Type: k.Type, DisplayName: k.DisplayName, IsSingle: k.IsSingle,
		Fields: each(k.Fields, func(f provider.Field) ProviderField {
			kind := "text"
			switch {
			case f.IsSecret:
				kind = "secret"
			case f.IsList:
				kind = "list"
			}
			return ProviderField{Name: f.Name, Kind: kind, Default: f.Default, Help: f.Doc}
		}),
	}
}
