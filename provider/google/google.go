// Package google signs people in with Google accounts: OpenID Connect at
// Google's one issuer, by the rules of package oidc, PKCE included.
//
// Google's reference says of the issuer: "The modern value is
// https://accounts.google.com; however, accounts.google.com is also returned
// for legacy implementations." So an id_token may state either, and both mean
// the one issuer, which is the key of the identity. Everywhere else (the
// discovery document, the callback's iss) only the modern value will do.
//
// A Workspace domain can be demanded: hd is then asked for and, since a person
// can change what is asked in the browser, compared in the signed id_token.
package google

import (
	"fmt"
	"net/url"
	"strings"

	"tessera/fault"
	"tessera/provider"
	"tessera/provider/oidc"
)

// Type is the adapter's name.
const Type = "google"

// ErrOtherDomain is the fault of an account outside the demanded domain.
var ErrOtherDomain = fault.Declare(fault.Forbidden, "google.other_domain",
	"This Google account is not of the organisation that may sign in here.", "Choose the account of your organisation.")

// Config is our client at Google.
type Config struct {
	ClientID     string `name:"client_id" doc:"Client id from the Google Cloud console; empty switches the provider off."`
	ClientSecret string `name:"client_secret" secret:"true" doc:"Client secret from the Google Cloud console."`
	HostedDomain string `name:"hosted_domain" doc:"Let in only accounts of this Google Workspace domain; empty = all accounts."`
	Issuer       string `name:"issuer" doc:"Google's issuer; another one for a simulator only." default:"https://accounts.google.com"`
}

// Check reports what cannot be used. An empty section is a provider that is off.
func (c Config) Check(report func(field, message string)) {
	r := provider.Report(report)
	if c.ClientID == "" && c.ClientSecret == "" {
		return
	}
	r.CheckPair("client_id", c.ClientID, "client_secret", c.ClientSecret)
	r.CheckURL("issuer", c.Issuer)
}

// New returns the provider; nothing is fetched yet. Fault: a validation fault
// that names the settings.
func New(config Config, rt provider.Runtime) (*oidc.Provider, error) {
	err := provider.Checked(func(report func(field, message string)) {
		provider.Report(report).Required("client_id", config.ClientID)
		config.Check(report)
	})
	if err != nil {
		return nil, err
	}
	profile := oidc.Profile{Accept: config.accept, Params: url.Values{}}
	if _, bare, found := strings.Cut(config.Issuer, "://"); found {
		profile.IssuerAliases = []string{bare}
	}
	if config.HostedDomain != "" {
		profile.Params.Set("hd", config.HostedDomain)
	}
	return oidc.NewWithProfile(oidc.Config{
		Issuer: config.Issuer, ClientID: config.ClientID, ClientSecret: config.ClientSecret,
		Scopes: []string{"openid", "profile", "email"},
	}, profile, rt)
}

func (c Config) accept(claims provider.Object) error {
	if c.HostedDomain != "" && !strings.EqualFold(claims.Text("hd"), c.HostedDomain) {
		return ErrOtherDomain.Because(fmt.Errorf("google: hd is %.100q", claims.Text("hd")))
	}
	return nil
}
