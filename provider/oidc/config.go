package oidc

import (
	"slices"

	"tessera/provider"
)

// Config is one issuer.
type Config struct {
	Issuer       string   `name:"issuer" doc:"The issuer's URL, exactly as its discovery document and tokens state it."`
	ClientID     string   `name:"client_id" doc:"Our client id there; empty switches the provider off."`
	ClientSecret string   `name:"client_secret" secret:"true" doc:"Our client secret there; empty for a public client, which PKCE alone protects."`
	Scopes       []string `name:"scopes" doc:"What to ask for; openid is always asked for." default:"openid,profile,email"`
	// TokenAuth is how the client names itself at the token endpoint.
	TokenAuth string `name:"token_auth" doc:"client_secret_basic, client_secret_post, or auto: as the discovery document says." default:"auto"`
}

// Ways to name the client (RFC 7591 section 2).
const (
	authAuto  = "auto"
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
)

// Check reports what cannot be used. An empty section is a provider that is off.
func (c Config) Check(report func(field, message string)) {
	r := provider.Report(report)
	if c.ClientID == "" && c.Issuer == "" && c.ClientSecret == "" {
		return
	}
	r.CheckURL("issuer", c.Issuer)
	r.Required("client_id", c.ClientID)
	if !slices.Contains([]string{"", authAuto, authBasic, authPost}, c.TokenAuth) {
		report("token_auth", "must be auto, client_secret_basic or client_secret_post")
	}
}

// scopes are the configured ones with openid among them.
func (c Config) scopes() []string {
	if slices.Contains(c.Scopes, "openid") {
		return c.Scopes
	}
	return append([]string{"openid"}, c.Scopes...)
}
