package app

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"tessera/httpapi"
	"tessera/httpapi/console"
	"tessera/identity"
	"tessera/identity/picture"
	"tessera/pendingauth"
	"tessera/provider"
	"tessera/provider/github"
	"tessera/provider/google"
	"tessera/provider/linuxdo"
	"tessera/provider/oidc"
	"tessera/provider/wechat"
	"tessera/store"
)

// ProvidersConfig is where else people may sign in. A provider without a
// client id is off.
type ProvidersConfig struct {
	LinuxDo linuxdo.Config `name:"linuxdo"`
	WeChat  wechat.Config  `name:"wechat"`
	Google  google.Config  `name:"google"`
	GitHub  github.Config  `name:"github"`
	OIDC    []OIDCSettings `name:"oidc" doc:"OpenID providers, any number of them."`
}

// OIDCSettings is one named OpenID provider.
type OIDCSettings struct {
	Name        string      `doc:"How URLs and clients call it, in lower case."`
	DisplayName string      `doc:"How people know it. Empty: the name."`
	Client      oidc.Config `inline:"true"`
}

// providerKinds are the types of providers that can be set up, at run time too.
// A new provider is a line here.
func providerKinds() []provider.Kind {
	return []provider.Kind{
		provider.KindOf(provider.Kind{Type: linuxdo.Type, DisplayName: "LINUX DO", IsSingle: true}, linuxdo.New),
		provider.KindOf(provider.Kind{Type: wechat.Type, DisplayName: "微信", IsSingle: true}, wechat.New),
		provider.KindOf(provider.Kind{Type: google.Type, DisplayName: "Google"}, google.New),
		provider.KindOf(provider.Kind{Type: github.Type, DisplayName: "GitHub", IsSingle: true}, github.New),
		provider.KindOf(provider.Kind{Type: oidc.Type, DisplayName: "OpenID Connect"}, oidc.New),
	}
}

// fixed makes the providers of the configuration that are on.
func (c ProvidersConfig) fixed(rt provider.Runtime) ([]provider.Fixed, error) {
	var all []provider.Fixed
	add := func(isOn bool, name, kind, display string, config any) error {
		if !isOn {
			return nil
		}
		kinds := providerKinds()
		k := kinds[slices.IndexFunc(kinds, func(k provider.Kind) bool { return k.Type == kind })]
		if display == "" && name == kind {
			display = k.DisplayName
		}
		f := provider.Fixed{Entry: provider.Entry{Name: name, Type: kind, DisplayName: display}, Values: provider.ValuesOf(config)}
		var err error
		f.Provider, err = k.Build(f.Values, rt)
		all = append(all, f)
		return err
	}
	steps := []error{
		add(c.LinuxDo.ClientID != "", linuxdo.Type, linuxdo.Type, "", c.LinuxDo),
		add(c.WeChat.OpenAppID+c.WeChat.MPAppID != "", wechat.Type, wechat.Type, "", c.WeChat),
		add(c.Google.ClientID != "", google.Type, google.Type, "", c.Google),
		add(c.GitHub.ClientID != "", github.Type, github.Type, "", c.GitHub),
	}
	for _, o := range c.OIDC {
		steps = append(steps, add(true, o.Name, oidc.Type, o.DisplayName, o.Client))
	}
	return all, errors.Join(steps...)
}

// sourcePolicies adapts the stored policy of sign-in sources.
type sourcePolicies struct {
	store.Policy[pendingauth.Policy]
	accounts *identity.Service
}

// Save implements console.SourcePolicies. What was decided goes into the audit
// log with the save.
func (p sourcePolicies) Save(ctx context.Context, policy pendingauth.Policy, loaded int64) (version int64, err error) {
	err = p.accounts.InTx(ctx, func(ctx context.Context) error {
		if version, err = p.Policy.Save(ctx, policy, loaded, p.accounts.Now()); err != nil {
			return err
		}
		return p.accounts.Note(ctx, identity.ActionPolicyChanged, map[string]any{"policy": "sources", "sources": policy.Sources})
	})
	return version, err
}

// current is the policy alone.
func (p sourcePolicies) current(ctx context.Context) (pendingauth.Policy, error) {
	policy, _, err := p.Load(ctx)
	return policy, err
}

func (a *App) wireProviders(ctx context.Context, r *rooms) error {
	rt := provider.Runtime{Transport: r.tracing.client(http.DefaultTransport), Now: a.options.Now, Log: a.options.Log}
	fixed, err := a.options.Config.Providers.fixed(rt)
	if err != nil {
		return err
	}
	if r.providers, err = provider.NewRegistry(); err != nil {
		return err
	}
	accounts := a.core.accounts
	r.setups = &provider.Setups{
		Store: a.core.db.LoginProviders(), Kinds: providerKinds(), Fixed: fixed, Registry: r.providers, Runtime: rt, Sealer: a.core.key,
		InTx: a.core.db.InTx, RedirectURI: r.redirectURI,
		Record: func(ctx context.Context, what provider.Event, _ string, detail map[string]any) error {
			return accounts.Note(ctx, providerActions[what], detail)
		},
	}
	if err := r.setups.Reload(ctx); err != nil {
		return err
	}
	db := a.core.db
	r.policies = sourcePolicies{store.PolicyOf[pendingauth.Policy](db, "sources"), a.core.accounts}
	encoder := picture.NewEncoder()
	fetcher := picture.NewFetcher(a.options.Config.Pictures, encoder)
	recent := picture.NewRecent(fetcher)
	r.avatars = &identity.Avatars{Accounts: a.core.accounts, Encoder: encoder, Fetcher: fetcher, Stated: recent}
	r.pending = &pendingauth.Service{
		Accounts: a.core.accounts, Sessions: r.sessions, Sources: r.providers, SecondFactor: r.factors,
		Store: db.PendingAuth(), Grants: db.PendingAuth(), Pictures: recent, Mailer: r.sessions.Mailer, Sealer: a.core.key,
		Policy: r.policies.current, InTx: db.InTx, Now: a.options.Now,
		CallbackURL: a.core.issuer() + "/callback", OnSignIn: r.metrics.onSignIn,
		Failpoint: a.options.Failpoint,
	}
	r.sessions.Linker = r.pending
	return nil
}

// providerActions are what the audit log calls the events of providers.
var providerActions = map[provider.Event]identity.Action{
	provider.EventCreated: identity.ActionProviderCreated,
	provider.EventChanged: identity.ActionProviderChanged,
	provider.EventRemoved: identity.ActionProviderRemoved,
}

// redirectURI is where a provider sends people back to.
func (r *rooms) redirectURI(name string) string { return r.pending.RedirectURI(name) }

func (a *App) cookies() httpapi.Cookies { return httpapi.Cookies{ExternalURL: a.core.external} }

// sourceNames are the names by which calls know the providers.
func sourceNames(registry *provider.Registry) []string {
	var names []string
	for _, e := range registry.All() {
		names = append(names, e.Name)
	}
	return names
}

// sources are the providers as pages show them.
func sources(registry *provider.Registry) []console.SignInSource {
	all := registry.All()
	out := make([]console.SignInSource, len(all))
	for i, e := range all {
		out[i] = console.SignInSource{Name: e.Name, Type: e.Type, DisplayName: e.DisplayName}
	}
	return out
}
