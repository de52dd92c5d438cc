package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
)

// PublicConfig is what a page must know before anybody signs in. All of it is
// public.
type PublicConfig struct {
	Mode              string           `json:"mode" enum:"embedded,supabase" doc:"Which server our pages sign in at: this one, or a Supabase project."`
	SiteName          string           `json:"site_name"`
	Version           string           `json:"version"`
	Demo              bool             `json:"demo" doc:"This is a demonstration with simulated neighbours."`
	ExternalURL       string           `json:"external_url" doc:"Where this server is reached."`
	AnonKey           string           `json:"anon_key" doc:"The public API key of this server's /auth/v1."`
	Supabase          *SupabaseProject `json:"supabase" doc:"The project, in supabase mode."`
	SignupEnabled     bool             `json:"signup_enabled"`
	AnonymousEnabled  bool             `json:"anonymous_enabled"`
	Autoconfirm       bool             `json:"autoconfirm" doc:"An address counts as confirmed without a mail."`
	PasswordMinLength int              `json:"password_min_length"`
	TestUsersEnabled  bool             `json:"test_users_enabled"`
	PasskeysEnabled   bool             `json:"passkeys_enabled"`
	PasskeysOff       string           `json:"passkeys_off" doc:"Why passkeys are off, in English; empty when they are on."`
	Sources           []SignInSource   `json:"sources" doc:"Where else people may sign in."`
	Simulators        []Simulator      `json:"simulators" doc:"The simulated neighbours that run beside this server; empty outside demonstrations."`
}

// SupabaseProject is the project that our pages sign in at.
type SupabaseProject struct {
	URL     string `json:"url"`
	AnonKey string `json:"anon_key"`
}

// SignInSource is a provider that people may sign in with.
type SignInSource struct {
	Name        string `json:"name" doc:"How calls name it." example:"linuxdo"`
	Type        string `json:"type" doc:"linuxdo, oidc, wechat, google or github."`
	DisplayName string `json:"display_name" doc:"How people know it."`
}

// Simulator is a simulated neighbour and where to look at it.
type Simulator struct {
	Name  string `json:"name" example:"mail"`
	Label string `json:"label" example:"Mail inbox (simulator)"`
	URL   string `json:"url"`
}

type publicConfigOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         PublicConfig
}

// AddPublicConfig adds what pages ask first. current is called for each
// request.
func AddPublicConfig(a *API, current func() PublicConfig) {
	Register(a, Public, huma.Operation{
		OperationID: "get-public-config", Method: "GET", Path: "/public-config", Tags: []string{"Site"},
		Summary: "What a page must know before anybody signs in",
	}, func(context.Context, *struct{}) (*publicConfigOutput, error) {
		body := current()
		if body.Simulators == nil {
			body.Simulators = []Simulator{}
		}
		if body.Sources == nil {
			body.Sources = []SignInSource{}
		}
		return &publicConfigOutput{CacheControl: "no-cache", Body: body}, nil
	})
}
