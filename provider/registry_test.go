package provider_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tessera/app/config"
	"tessera/provider"
	"tessera/provider/github"
	"tessera/provider/google"
	"tessera/provider/linuxdo"
	"tessera/provider/oidc"
	"tessera/provider/providertest"
	"tessera/provider/wechat"
)

// builders is what the composition root keeps: one line for each adapter.
var builders = map[string]provider.Build{
	oidc.Type:    provider.Builder(oidc.New),
	google.Type:  provider.Builder(google.New),
	github.Type:  provider.Builder(github.New),
	linuxdo.Type: provider.Builder(linuxdo.New),
	wechat.Type:  provider.Builder(wechat.New),
}

// section is a provider in a configuration file.
type section[Config any] struct {
	Provider Config `name:"p"`
}

// from decodes settings by the program's own loader, environment and defaults.
func from[Config any](environ ...string) func(any) error {
	return func(into any) error {
		var s section[Config]
		if err := config.Load(&s, config.Source{Prefix: "T", Environ: environ}); err != nil {
			return err
		}
		target, ok := into.(*Config)
		if !ok {
			return errors.New("the adapter asks for another type")
		}
		*target = s.Provider
		return nil
	}
}

func TestDefaultsAreTheRealServices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decode  func(any) error
		channel string
		want    string
	}{
		github.Type:  {from[github.Config]("T_P_CLIENT_ID=c", "T_P_CLIENT_SECRET=s"), "", "https://github.com/login/oauth/authorize?"},
		linuxdo.Type: {from[linuxdo.Config]("T_P_CLIENT_ID=c", "T_P_CLIENT_SECRET=s"), "", "https://connect.linux.do/oauth2/authorize?"},
		wechat.Type:  {from[wechat.Config]("T_P_MP_APP_ID=c", "T_P_MP_APP_SECRET=s"), "mp", "https://open.weixin.qq.com/connect/oauth2/authorize?appid=c&"},
	} {
		p, err := builders[name](c.decode, provider.Runtime{Now: time.Now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		address, err := p.AuthURL(t.Context(), providertest.NewFlow(redirectURI, c.channel).Start)
		if err != nil || !strings.HasPrefix(address, c.want) {
			t.Errorf("%s: %s, %v, want %s", name, address, err, c.want)
		}
	}
	if got := config.Default[google.Config]().Issuer; got != "https://accounts.google.com" {
		t.Errorf("Google's issuer is %s", got)
	}
}

// A section that is empty is off and no mistake; half of one is a mistake that
// names its field, and never shows the secret.
func TestConfigsLoad(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"oidc": from[oidc.Config]()(new(oidc.Config)), "google": from[google.Config]()(new(google.Config)), "github": from[github.Config]()(new(github.Config)),
		"linuxdo": from[linuxdo.Config]()(new(linuxdo.Config)), "wechat": from[wechat.Config]()(new(wechat.Config)),
	} {
		if err != nil {
			t.Errorf("%s, empty: %v", name, err)
		}
	}
	err := from[linuxdo.Config]("T_P_CLIENT_SECRET=hush", "T_P_URL=http://linux.example")(new(linuxdo.Config))
	if err == nil || !strings.Contains(err.Error(), "p.client_id: is required") || !strings.Contains(err.Error(), "T_P_URL: must begin with https") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	r := newRig(t, "linuxdo")
	entry := func(name string) provider.Entry {
		return provider.Entry{Name: name, Type: linuxdo.Type, Provider: r.adapter}
	}
	registry, err := provider.NewRegistry(entry("linuxdo"), entry("custom:corp"))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := registry.Lookup("linuxdo"); err != nil || found.DisplayName != "linuxdo" {
		t.Errorf("%+v, %v", found, err)
	}
	for _, name := range []string{"", "LinuxDo", "github", "linuxdo "} {
		if _, err := registry.Lookup(name); !errors.Is(err, provider.ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
	names := func() (all []string) {
		for _, e := range registry.All() {
			all = append(all, e.Name)
		}
		return all
	}
	for _, bad := range [][]provider.Entry{
		{entry("a"), entry("a")},
		{entry("")},
		{entry("A")},
		{entry("-a")},
		{entry("a b")},
		{entry(strings.Repeat("a", 41))},
		{{Name: "a", Type: "x"}},
		{{Name: "a", Provider: r.adapter}},
	} {
		if err := registry.Replace(bad...); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	if !slices.Equal(names(), []string{"custom:corp", "linuxdo"}) {
		t.Errorf("a refused change left %q", names())
	}
	if err := registry.Replace(entry("other")); err != nil || !slices.Equal(names(), []string{"other"}) {
		t.Errorf("%q, %v", names(), err)
	}
	if empty := new(provider.Registry); empty.All() != nil {
		t.Error("an empty registry holds something")
	}
}
