package app

import (
	"context"

	"tessera/httpapi/console"
)

// console returns /api/v1 with all its resources.
func (a *App) console(r *rooms) *console.API {
	auth := &console.Authenticator{
		Verifier: r.verifier, Sessions: r.sessions, Accounts: a.core.accounts, Now: a.options.Now, OnSync: r.metrics.onSync,
	}
	// The order is that of the description at /api/v1/openapi.json.
	api := console.New(Version, auth.Authenticate)
	api.WithLimits(r.limits, a.options.Config.API.Limits)
	console.AddPublicConfig(api, func() console.PublicConfig { return a.publicConfig(r) })
	console.AddMe(api)
	console.AddProfile(api, console.Profile{
		Accounts: a.core.accounts, Avatars: r.avatars, Sources: r.providers, Limits: r.limits, Rate: a.options.Config.API.Limits.Avatars,
	})
	console.AddInspect(api, r.verifier, r.sessions)
	console.AddTestUsers(api, r.testUsers)
	console.AddThirdParty(api, console.ThirdParty{
		Service: r.pending, Cookies: a.cookies(),
		LimitPassword: func(ctx context.Context, email string) error {
			return a.options.Config.Auth.Surface.Limits.CheckPassword(ctx, r.limits, email)
		},
	})
	console.AddSecurity(api, console.Security{
		Sessions: r.sessions, Factors: r.factors, Limits: r.limits, Rates: a.options.Config.API.Limits, Cookies: a.cookies(),
	})
	console.AddSourcePolicy(api, r.policies, r.sessions)
	console.AddProviderAdministration(api, console.ProviderAdministration{
		Setups: r.setups, Sessions: r.sessions, Kinds: providerKinds(), RedirectURI: r.redirectURI,
	})
	console.AddUserAdministration(api, console.UserAdministration{
		Accounts: a.core.accounts, Sessions: r.sessions, Grants: a.core.db.PendingAuth(), Audit: a.core.db.Audit(), Sources: r.providers,
	})
	console.AddAudit(api, a.core.db.Audit())
	console.AddModels(api, r.messages)
	console.AddMessages(api, r.messages, a.options.Config.Gateway.Messages.MaxRequestBytes)
	console.AddEvents(api, r.messages, console.EventOptions{Now: a.options.Now})
	return api
}

// publicConfig is what pages must know before anybody signs in.
func (a *App) publicConfig(r *rooms) console.PublicConfig {
	c := a.options.Config
	p := console.PublicConfig{
		Mode: c.Auth.Mode, SiteName: c.Site.Name, Version: Version, Demo: a.options.Demo, ExternalURL: a.URL, AnonKey: a.AnonKey,
		SignupEnabled: !c.Auth.Accounts.DisableSignup, AnonymousEnabled: c.Auth.Accounts.Anonymous,
		Autoconfirm: c.Auth.Accounts.Autoconfirm, PasswordMinLength: c.Auth.Accounts.PasswordMinLength,
		PasskeysEnabled: r.sessions.Passkeys.IsOn(), PasskeysOff: r.sessions.Passkeys.OffBecause(),
		TestUsersEnabled: r.testUsers.IsOn, Simulators: a.options.Simulators,
		Sources: sources(r.providers),
	}
	if c.Auth.Mode == modeSupabase {
		p.Supabase = &console.SupabaseProject{URL: c.Supabase.URL, AnonKey: c.Supabase.AnonKey}
	}
	return p
}
