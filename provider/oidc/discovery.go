package oidc

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tessera/provider"
)

// metadata is what we use of the discovery document (OIDC Discovery section 3).
type metadata struct {
	authorization, token, jwks string
	userInfo                   string // "" = none
	algs                       []string
	tokenAuth                  []string
	announcesIss               bool // RFC 9207 section 3
}

func unreachable(cause error) error {
	return provider.ErrUnreachable.Because(fmt.Errorf("oidc: %w", cause))
}

func (p *Provider) fetchMetadata(ctx context.Context) (metadata, error) {
	address := strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration"
	document, err := p.client.Object(ctx, provider.Call{URL: address})
	if err != nil {
		p.log.WarnContext(ctx, "discovery document not read", "issuer", p.config.Issuer, "error", err)
		return metadata{}, err
	}
	md, err := readMetadata(p.config.Issuer, document)
	if err != nil {
		p.log.WarnContext(ctx, "discovery document not usable", "issuer", p.config.Issuer, "error", err)
		return metadata{}, err
	}
	if methods := texts(document["code_challenge_methods_supported"]); !slices.Contains(methods, "S256") {
		p.log.InfoContext(ctx, "the issuer does not announce PKCE S256; it is sent all the same", "issuer", p.config.Issuer)
	}
	return md, nil
}

// readMetadata checks a discovery document. Fault: ErrUntrusted.
func readMetadata(issuer string, document provider.Object) (metadata, error) {
	if got := document.Text("issuer"); got != issuer {
		// Discovery section 4.3: else one issuer could speak for another.
		return metadata{}, untrusted("the discovery document is of issuer %.100q, not %s", got, issuer)
	}
	md := metadata{
		authorization: document.Text("authorization_endpoint"), token: document.Text("token_endpoint"),
		jwks: document.Text("jwks_uri"), userInfo: document.Text("userinfo_endpoint"),
		tokenAuth:    texts(document["token_endpoint_auth_methods_supported"]),
		announcesIss: document.Truth("authorization_response_iss_parameter_supported"),
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": md.authorization, "token_endpoint": md.token, "jwks_uri": md.jwks,
	} {
		if !mayFollow(issuer, endpoint) {
			return metadata{}, untrusted("%s of the discovery document is not an https URL", name)
		}
	}
	if md.userInfo != "" && !mayFollow(issuer, md.userInfo) {
		return metadata{}, untrusted("userinfo_endpoint of the discovery document is not an https URL")
	}
	var err error
	md.algs, err = usableAlgs(texts(document["id_token_signing_alg_values_supported"]))
	return md, err
}

// mayFollow reports whether an issuer may send us to an endpoint: over https,
// or, when the issuer is a simulator on this machine, over http to this machine.
func mayFollow(issuer, endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http://") && provider.IsLoopback(u.Hostname())
}

// usableAlgs are the announced algorithms that we accept; all of ours when
// nothing is announced.
func usableAlgs(announced []string) ([]string, error) {
	if len(announced) == 0 {
		return algs, nil
	}
	var usable []string
	for _, alg := range algs {
		if slices.Contains(announced, alg) {
			usable = append(usable, alg)
		}
	}
	if len(usable) == 0 {
		return nil, untrusted("the issuer signs with none of %s", strings.Join(algs, ", "))
	}
	return usable, nil
}

// texts returns the strings of a JSON array.
func texts(value any) []string {
	items, _ := value.([]any)
	var all []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
