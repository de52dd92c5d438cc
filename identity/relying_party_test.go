package identity_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"tessera/identity"
)

func TestWhereASiteHasPasskeys(t *testing.T) {
	on := identity.PasskeyConfig{Enabled: true}
	for _, c := range []struct {
		name, site string
		config     identity.PasskeyConfig
		off, fails string // words of the reason
	}{
		{"a domain", "https://id.example.com", on, "", ""},
		{"localhost", "http://localhost:8080", on, "", ""},
		{"an address", "http://127.0.0.1:8080", on, "localhost will do", ""},
		{"an IPv6 address", "http://[::1]:8080", on, "localhost will do", ""},
		{"a bare name", "http://intranet", on, "no domain", ""},
		{"switched off", "https://id.example.com", identity.PasskeyConfig{}, "auth.passkeys.enabled", ""},
		{"the domain above", "https://id.example.com", identity.PasskeyConfig{Enabled: true, RPID: "example.com"}, "", ""},
		{"another domain", "https://id.example.com", identity.PasskeyConfig{Enabled: true, RPID: "example.net"}, "", "cannot use passkeys of example.net"},
		{"a domain that ends alike", "https://badexample.com", identity.PasskeyConfig{Enabled: true, RPID: "example.com"}, "", "cannot use"},
		{"an address with an app's domain", "http://127.0.0.1:8080", identity.PasskeyConfig{
			Enabled: true, RPID: "example.com", RPOrigins: []string{"https://app.example.com"},
		}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			site, err := url.Parse(c.site)
			if err != nil {
				t.Fatal(err)
			}
			p, err := identity.NewPasskeys(identity.PasskeyDeps{Now: time.Now, Config: c.config, SiteName: "Tessera", ExternalURL: site})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("want a failure about %q, got %v", c.fails, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.IsOn() != (c.off == "") || !strings.Contains(p.OffBecause(), c.off) {
				t.Errorf("on: %v, because %q", p.IsOn(), p.OffBecause())
			}
		})
	}
}

func TestPasskeySettingsThatCannotWork(t *testing.T) {
	for field, c := range map[string]identity.PasskeyConfig{
		"rp_id":      {RPID: "https://example.com"},
		"rp_id ":     {RPID: "127.0.0.1"},
		"rp_origins": {RPOrigins: []string{"example.com"}},
		"rp_origins ": {
			RPID: "example.com", RPOrigins: []string{"https://example.com", "https://evil.example"},
		},
	} {
		var reported []string
		c.Check(func(name, _ string) { reported = append(reported, name) })
		if len(reported) != 1 || reported[0] != strings.TrimSpace(field) {
			t.Errorf("%+v: %v", c, reported)
		}
	}
	fine := identity.PasskeyConfig{Enabled: true, RPID: "example.com", RPOrigins: []string{"https://a.example.com", "https://example.com"}}
	fine.Check(func(name, message string) { t.Errorf("%s %s", name, message) })
}
