package app

import (
	"context"
	"net/http"
	"time"

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

// entries makes the providers that are on. A new provider is a line here.
func (c ProvidersConfig) entries(rt provider.Runtime) ([]provider.Entry, error) {
	var entries []provider.Entry
	add := func(isOn bool, name, kind, display string, build func() (provider.Provider, error)) error {
		if !isOn {
			return nil
		}
		p, err := build()
		entries = append(entries, provider.Entry{Name: name, Type: kind, DisplayName: display, Provider: p})
		return err
	}
	makers := []func() error{
		func() error {
			return add(c.LinuxDo.ClientID != "", linuxdo.Type, linuxdo.Type, "LINUX DO",
				func() (provider.Provider, error) { return linuxdo.New(c.LinuxDo, rt) })
		},
		func() error {
			return add(c.WeChat.OpenAppID+c.WeChat.MPAppID != "", wechat.Type, wechat.Type, "微信",
				func() (provider.Provider, error) { return wechat.New(c.WeChat, rt) })
		},
		func() error {
			return add(c.Google.ClientID != "", google.Type, google.Type, "Google",
				func() (provider.Provider, error) { return google.New(c.Google, rt) })
		},
		func() error {
			return add(c.GitHub.ClientID != "", github.Type, github.Type, "GitHub",
				func() (provider.Provider, error) { return github.New(c.GitHub, rt) })
		},
	}
	for _, o := range c.OIDC {
		makers = append(makers, func() error {
			return add(true, o.Name, oidc.Type, o.DisplayName,
				func() (provider.Provider, error) { return oidc.New(o.Client, rt) })
		})
	}
	for _, next := range makers {
		if err := next(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// sourcePolicies adapts the stored policy of sign-in sources.
type sourcePolicies struct {
	store.Policy[pendingauth.Policy]
	now func() time.Time
}

// Save implements console.SourcePolicies.
func (p sourcePolicies) Save(ctx context.Context, policy pendingauth.Policy, loaded int64) (int64, error) {
	return p.Policy.Save(ctx, policy, loaded, p.now())
}

// current is the policy alone.
func (p sourcePolicies) current(ctx context.Context) (pendingauth.Policy, error) {
	policy, _, err := p.Load(ctx)
	return policy, err
}

func (a *App) wireProviders(_ context.Context, r *rooms) error {
	entries, err := a.options.Config.Providers.entries(provider.Runtime{
		Transport: r.tracing.client(http.DefaultTransport), Now: a.options.Now, Log: a.options.Log,
	})
	if err != nil {
		return err
	}
	if r.providers, err = provider.NewRegistry(entries...); err != nil {
		return err
	}
	db := a.core.db
	r.policies = sourcePolicies{store.PolicyOf[pendingauth.Policy](db, "sources"), a.options.Now}
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
	return nil
}

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
