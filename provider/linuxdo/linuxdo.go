// Package linuxdo signs people in with LINUX DO accounts (connect.linux.do):
// OAuth 2.0, the numeric id as the subject. Its guide calls the id unchangeable
// and the names changeable.
//
// The guide names no PKCE. The challenge is sent all the same, as RFC 6749
// section 3.1 lets a server ignore what it does not know; until LINUX DO
// enforces it, the state and the cookie of the caller's flow bind the answer.
//
// The profile may hold an api_key: it is not kept. The avatar is a template in
// which {size} stands for a width in pixels.
package linuxdo

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"tessera/provider"
)

// Type is the adapter's name.
const Type = "linuxdo"

// avatarSize is one of the widths that the forum renders.
const avatarSize = "288"

// Config is our application at LINUX DO Connect.
type Config struct {
	ClientID     string `name:"client_id" doc:"Client id from connect.linux.do; empty switches the provider off."`
	ClientSecret string `name:"client_secret" secret:"true" doc:"Client secret from connect.linux.do."`
	URL          string `name:"url" doc:"LINUX DO Connect." default:"https://connect.linux.do"`
	ForumURL     string `name:"forum_url" doc:"The forum, which relative avatar addresses belong to." default:"https://linux.do"`
}

// Check reports what cannot be used. An empty section is a provider that is off.
func (c Config) Check(report func(field, message string)) {
	r := provider.Report(report)
	if c.ClientID == "" && c.ClientSecret == "" {
		return
	}
	r.CheckPair("client_id", c.ClientID, "client_secret", c.ClientSecret)
	r.CheckURL("url", c.URL)
	r.CheckURL("forum_url", c.ForumURL)
}

// Provider signs people in with LINUX DO. It is safe for concurrent use.
type Provider struct {
	config Config
	client *provider.Client
}

// New returns the provider. Fault: a validation fault that names the settings.
func New(config Config, rt provider.Runtime) (*Provider, error) {
	err := provider.Checked(func(report func(field, message string)) {
		provider.Report(report).Required("client_id", config.ClientID)
		config.Check(report)
	})
	if err != nil {
		return nil, err
	}
	config.URL, config.ForumURL = strings.TrimSuffix(config.URL, "/"), strings.TrimSuffix(config.ForumURL, "/")
	return &Provider{config: config, client: provider.NewClient(rt)}, nil
}

// AuthURL returns where the browser goes.
func (p *Provider) AuthURL(_ context.Context, start provider.Start) (string, error) {
	if err := start.Check(); err != nil {
		return "", err
	}
	return provider.WithQuery(p.config.URL+"/oauth2/authorize", start.CodeRequest(p.config.ClientID, []string{"user"}))
}

// Exchange redeems the code and reads who came. Faults: ErrDenied,
// ErrUnreachable, ErrRefused, ErrCredentials, ErrUntrusted.
func (p *Provider) Exchange(ctx context.Context, back provider.Return) (provider.Person, error) {
	none := provider.Person{}
	if err := back.Issuer(p.issuer(back), false); err != nil {
		return none, err
	}
	code, err := back.Code()
	if err != nil {
		return none, err
	}
	answer, err := p.client.Token(ctx, p.tokenCall(code, back.Verifier, back.RedirectURI))
	if err != nil {
		return none, err
	}
	user, err := p.client.Object(ctx, provider.Call{URL: p.config.URL + "/api/user", Bearer: answer.Text("access_token")})
	if err != nil {
		return none, err
	}
	person, err := personOf(user, p.config.ForumURL)
	if err != nil {
		return none, err
	}
	return person.Vetted()
}

// issuer is what the callback's iss must be if there is one. The guide names no
// issuer, so that its spelling at the end is open.
func (p *Provider) issuer(back provider.Return) string {
	if back.Query.Get("iss") == p.config.URL+"/" {
		return p.config.URL + "/"
	}
	return p.config.URL
}

// tokenCall names the client by HTTP Basic, as the guide's examples do.
func (p *Provider) tokenCall(code, verifier, redirectURI string) provider.TokenCall {
	return provider.TokenCall{
		Endpoint: p.config.URL + "/oauth2/token",
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret,
		Code: code, Verifier: verifier, RedirectURI: redirectURI,
	}
}

// Check tries the credentials.
func (p *Provider) Check(ctx context.Context, redirectURI string) error {
	return p.client.Probe(ctx, p.tokenCall("", "", redirectURI))
}

// personOf reads GET /api/user. Fault: ErrRefused.
func personOf(user provider.Object, forum string) (provider.Person, error) {
	id := user.ID("id")
	if id == "" {
		return provider.Person{}, provider.ErrRefused.Because(fmt.Errorf("linuxdo: the user has no numeric id"))
	}
	nickname := user.Text("name")
	if strings.TrimSpace(nickname) == "" {
		nickname = user.Text("username")
	}
	return provider.Person{
		Subject: id, Nickname: nickname, AvatarURL: avatarURL(user.Text("avatar_template"), forum),
		Email:  user.Text("email"), // of those applications that may see it; verified or not is not said
		Claims: user.Pick("username", "name", "trust_level", "active", "silenced"),
	}, nil
}

// avatarURL fills in a Discourse avatar template, which may be relative to the forum.
func avatarURL(template, forum string) string {
	if template == "" {
		return ""
	}
	base, err := url.Parse(forum + "/")
	if err != nil {
		return ""
	}
	// Filled in before parsing: a URL with braces would come out escaped.
	full, err := base.Parse(strings.ReplaceAll(template, "{size}", avatarSize))
	if err != nil {
		return ""
	}
	return full.String()
}
