package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"tessera/provider"
)

// Type is the adapter's name.
const Type = "oidc"

// Provider signs people in at one issuer. It is safe for concurrent use.
type Provider struct {
	config   Config
	profile  Profile
	client   *provider.Client
	now      func() time.Time
	log      *slog.Logger
	metadata *remote[metadata]
	keys     *remote[[]key]
}

// Profile is what an issuer with rules of its own adds.
type Profile struct {
	// IssuerAliases are further values of iss in id_tokens that mean the issuer.
	IssuerAliases []string
	// Params are added to authorization requests.
	Params url.Values
	// Accept refuses a verified id_token; nil = none is.
	Accept func(claims provider.Object) error
}

// New returns an issuer's provider; nothing is fetched yet. Fault: a validation
// fault that names the settings.
func New(config Config, rt provider.Runtime) (*Provider, error) {
	return NewWithProfile(config, Profile{}, rt)
}

// NewWithProfile is New for an issuer with rules of its own.
func NewWithProfile(config Config, profile Profile, rt provider.Runtime) (*Provider, error) {
	err := provider.Checked(func(report func(field, message string)) {
		provider.Report(report).Required("client_id", config.ClientID)
		if config.ClientID != "" {
			config.Check(report)
		}
	})
	if err != nil {
		return nil, err
	}
	p := &Provider{config: config, profile: profile, client: provider.NewClient(rt), now: rt.Now, log: rt.Log}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.metadata = &remote[metadata]{fetch: p.fetchMetadata, now: rt.Now, freshFor: metadataFreshFor}
	p.keys = &remote[[]key]{fetch: p.fetchKeys, now: rt.Now, freshFor: keysFreshFor}
	return p, nil
}

// Key is the issuer, which is the key of its people's identities.
func (p *Provider) Key() string { return p.config.Issuer }

// AuthURL returns where the browser goes. Faults: ErrUnreachable, ErrRefused,
// ErrUntrusted about the discovery document.
func (p *Provider) AuthURL(ctx context.Context, start provider.Start) (string, error) {
	if err := start.Check(); err != nil {
		return "", err
	}
	md, err := p.metadata.get(ctx)
	if err != nil {
		return "", err
	}
	request := start.CodeRequest(p.config.ClientID, p.config.scopes())
	request.Set("nonce", start.Nonce)
	for name, values := range p.profile.Params {
		request[name] = values
	}
	return provider.WithQuery(md.authorization, request)
}

// Exchange redeems the code and verifies who came. Faults: ErrDenied,
// ErrUnreachable, ErrRefused, ErrCredentials, ErrUntrusted.
func (p *Provider) Exchange(ctx context.Context, back provider.Return) (provider.Person, error) {
	none := provider.Person{}
	md, err := p.metadata.get(ctx)
	if err != nil {
		return none, err
	}
	// Before the code goes anywhere: it may be another issuer's (RFC 9207).
	if err := back.Issuer(p.config.Issuer, md.announcesIss); err != nil {
		return none, err
	}
	code, err := back.Code()
	if err != nil {
		return none, err
	}
	answer, err := p.client.Token(ctx, p.tokenCall(md, code, back.Verifier, back.RedirectURI))
	if err != nil {
		return none, err
	}
	expected := expectation{nonce: back.Nonce, accessToken: answer.Text("access_token"), code: code}
	claims, err := p.verify(ctx, answer.Text("id_token"), expected)
	if err != nil {
		return none, err
	}
	info, err := p.userInfo(ctx, md, expected.accessToken, claims.Text("sub"))
	if err != nil {
		return none, err
	}
	return p.person(claims, info).Vetted()
}

func (p *Provider) tokenCall(md metadata, code, verifier, redirectURI string) provider.TokenCall {
	inBody := p.config.TokenAuth == authPost
	if p.config.TokenAuth == authAuto || p.config.TokenAuth == "" {
		// Discovery section 3: without the list it is client_secret_basic.
		inBody = len(md.tokenAuth) > 0 && !slices.Contains(md.tokenAuth, authBasic) && slices.Contains(md.tokenAuth, authPost)
	}
	return provider.TokenCall{
		Endpoint: md.token, ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, InBody: inBody,
		Code: code, Verifier: verifier, RedirectURI: redirectURI,
	}
}

// Check fetches the discovery document and the keys, and tries the credentials.
func (p *Provider) Check(ctx context.Context, redirectURI string) error {
	for _, finding := range p.Examine(ctx, redirectURI) {
		if finding.Err != nil {
			return finding.Err
		}
	}
	return nil
}

// Examine is Check, step by step.
func (p *Provider) Examine(ctx context.Context, redirectURI string) []provider.Finding {
	md, err := p.metadata.get(ctx)
	findings := []provider.Finding{{Step: provider.StepDiscovery, Err: err}}
	if err != nil {
		return findings
	}
	_, err = p.keys.get(ctx)
	return append(findings,
		provider.Finding{Step: provider.StepKeys, Err: err},
		provider.Finding{Step: provider.StepCredentials, Err: p.client.Probe(ctx, p.tokenCall(md, "", "", redirectURI))},
	)
}

// userInfo returns what the userinfo endpoint adds about a person. An endpoint that
// fails costs a nickname and not the sign-in, which the id_token has proved;
// one that speaks of somebody else is ErrUntrusted (OIDC Core section 5.3.2).
func (p *Provider) userInfo(ctx context.Context, md metadata, accessToken, subject string) (provider.Object, error) {
	if md.userInfo == "" {
		return nil, nil
	}
	info, err := p.client.Object(ctx, provider.Call{URL: md.userInfo, Bearer: accessToken})
	if err != nil {
		p.log.WarnContext(ctx, "userinfo not read; going by the id_token alone", "issuer", p.config.Issuer, "error", err)
		return nil, nil
	}
	if info.Text("sub") != subject {
		return nil, untrusted("userinfo speaks of another subject than the id_token")
	}
	return info, nil
}

func (p *Provider) person(claims, info provider.Object) provider.Person {
	first := func(names ...string) string {
		for _, name := range names {
			for _, source := range []provider.Object{info, claims} {
				if text := source.Text(name); text != "" {
					return text
				}
			}
		}
		return ""
	}
	// An address and what is said about it come from one source.
	addressed := claims
	if info.Text("email") != "" {
		addressed = info
	}
	return provider.Person{
		Key: p.config.Issuer, Subject: claims.Text("sub"),
		Nickname: first("name", "nickname", "preferred_username"), AvatarURL: first("picture"),
		Email: addressed.Text("email"), EmailVerified: addressed.Truth("email_verified"),
		Claims: merge(claims.Pick(kept...), info.Pick(kept...)),
	}
}

// kept are the claims worth keeping for support.
var kept = []string{"name", "nickname", "preferred_username", "profile", "locale", "zoneinfo", "hd", "acr", "auth_time", "updated_at"}

func merge(into, from map[string]any) map[string]any {
	for name, value := range from {
		into[name] = value
	}
	return into
}

func untrusted(format string, args ...any) error {
	return provider.ErrUntrusted.Because(fmt.Errorf("oidc: "+format, args...))
}
