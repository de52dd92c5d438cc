// Package github signs people in with GitHub accounts, on github.com or a
// GitHub Enterprise Server: OAuth 2.0, the numeric id as the subject.
//
// A login name can be given up and taken by somebody else; the id cannot. The
// e-mail address is the primary one of /user/emails, since the profile's is
// whatever the person likes to show. Where a GitHub App lacks the permission to
// read addresses, there is none, and the sign-in goes on.
//
// GitHub enforces PKCE S256 when a challenge is sent. It sends no iss; if it
// begins to, it must be ours.
package github

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"tessera/provider"
)

// Type is the adapter's name.
const Type = "github"

// Config is our OAuth App or GitHub App.
type Config struct {
	ClientID     string `name:"client_id" doc:"Client id of the OAuth App or GitHub App; empty switches the provider off."`
	ClientSecret string `name:"client_secret" secret:"true" doc:"Client secret of the app."`
	URL          string `name:"url" doc:"Where people sign in; the server's address for GitHub Enterprise Server." default:"https://github.com"`
	APIURL       string `name:"api_url" doc:"The API; https://HOST/api/v3 for GitHub Enterprise Server." default:"https://api.github.com"`
}

// Check reports what cannot be used. An empty section is a provider that is off.
func (c Config) Check(report func(field, message string)) {
	r := provider.Report(report)
	if c.ClientID == "" && c.ClientSecret == "" {
		return
	}
	r.CheckPair("client_id", c.ClientID, "client_secret", c.ClientSecret)
	r.CheckURL("url", c.URL)
	r.CheckURL("api_url", c.APIURL)
}

// Provider signs people in with GitHub. It is safe for concurrent use.
type Provider struct {
	config Config
	client *provider.Client
	log    *slog.Logger
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
	config.URL, config.APIURL = strings.TrimSuffix(config.URL, "/"), strings.TrimSuffix(config.APIURL, "/")
	p := &Provider{config: config, client: provider.NewClient(rt), log: rt.Log}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

// AuthURL returns where the browser goes.
func (p *Provider) AuthURL(_ context.Context, start provider.Start) (string, error) {
	if err := start.Check(); err != nil {
		return "", err
	}
	request := start.CodeRequest(p.config.ClientID, []string{"read:user", "user:email"})
	return provider.WithQuery(p.config.URL+"/login/oauth/authorize", request)
}

// Exchange redeems the code and reads who came. Faults: ErrDenied,
// ErrUnreachable, ErrRefused, ErrCredentials, ErrUntrusted.
func (p *Provider) Exchange(ctx context.Context, back provider.Return) (provider.Person, error) {
	none := provider.Person{}
	if err := back.Issuer(p.config.URL+"/login/oauth", false); err != nil {
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
	token := answer.Text("access_token")
	user, err := p.client.Object(ctx, p.apiCall("/user", token))
	if err != nil {
		return none, err
	}
	person, err := personOf(user)
	if err != nil {
		return none, err
	}
	person.Email, person.EmailVerified = p.primaryEmail(ctx, token)
	return person.Vetted()
}

func (p *Provider) tokenCall(code, verifier, redirectURI string) provider.TokenCall {
	return provider.TokenCall{
		Endpoint: p.config.URL + "/login/oauth/access_token",
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, InBody: true,
		Code: code, Verifier: verifier, RedirectURI: redirectURI,
	}
}

func (p *Provider) apiCall(path, token string) provider.Call {
	return provider.Call{URL: p.config.APIURL + path, Bearer: token, Accept: "application/vnd.github+json"}
}

// Check tries the credentials.
func (p *Provider) Check(ctx context.Context, redirectURI string) error {
	return p.client.Probe(ctx, p.tokenCall("", "", redirectURI))
}

// personOf reads GET /user. Fault: ErrRefused.
func personOf(user provider.Object) (provider.Person, error) {
	id := user.ID("id")
	if id == "" {
		return provider.Person{}, provider.ErrRefused.Because(fmt.Errorf("github: the user has no numeric id"))
	}
	nickname := user.Text("name")
	if strings.TrimSpace(nickname) == "" {
		nickname = user.Text("login")
	}
	return provider.Person{
		Subject: id, Nickname: nickname, AvatarURL: user.Text("avatar_url"),
		Claims: user.Pick("login", "name", "html_url", "type", "created_at"),
	}, nil
}

// primaryEmail returns the primary address; "" when there is none to be had,
// since an address is not what anybody signs in by.
func (p *Provider) primaryEmail(ctx context.Context, token string) (string, bool) {
	list, err := p.client.List(ctx, p.apiCall("/user/emails", token))
	if err != nil {
		p.log.InfoContext(ctx, "the e-mail addresses of a GitHub user were not read", "error", err)
		return "", false
	}
	for _, address := range list {
		if address.Truth("primary") {
			return address.Text("email"), address.Truth("verified")
		}
	}
	return "", false
}
