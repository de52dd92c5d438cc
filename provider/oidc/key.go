package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"tessera/provider"
)

const (
	maxKeys    = 100
	minRSABits = 2048 // RFC 7518 section 3.3
)

// algs are the signatures that we accept: asymmetric ones, which the holder of
// our client id and secret cannot make.
var algs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// key is a public key of an issuer's set.
type key = jose.JSONWebKey

func (p *Provider) fetchKeys(ctx context.Context) ([]key, error) {
	md, err := p.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	document, err := p.client.Object(ctx, provider.Call{URL: md.jwks})
	if err != nil {
		p.log.WarnContext(ctx, "issuer keys not read; the known ones stay in use", "issuer", p.config.Issuer, "error", err)
		return nil, err
	}
	keys := readKeys(document)
	if len(keys) == 0 {
		// A set that is empty by accident must not displace one that works.
		return nil, untrusted("the issuer's key set has no usable key")
	}
	return keys, nil
}

// readKeys returns the public signature keys of a JWKS, leaving out those of
// kinds that we do not know: a new kind must not take the others down.
func readKeys(document provider.Object) []key {
	items, _ := document["keys"].([]any)
	var keys []key
	for _, item := range items[:min(len(items), maxKeys)] {
		text, err := json.Marshal(item)
		if err != nil {
			continue
		}
		var k key
		if err := k.UnmarshalJSON(text); err == nil && k.Valid() && k.IsPublic() {
			keys = append(keys, k)
		}
	}
	return keys
}

// find returns the key that signed a token with a header, fetching the set
// again when it is not there. Faults: ErrUnreachable, ErrUntrusted.
func (p *Provider) find(ctx context.Context, alg, kid string) (key, error) {
	keys, err := p.keys.get(ctx)
	if err != nil {
		return key{}, err
	}
	found, err := choose(keys, alg, kid)
	if err == nil || !errors.Is(err, errNoSuchKey) {
		return found, err
	}
	refreshErr := p.keys.refresh(ctx)
	keys, err = p.keys.get(ctx)
	if err != nil {
		return key{}, err
	}
	found, err = choose(keys, alg, kid)
	if errors.Is(err, errNoSuchKey) && errors.Is(refreshErr, provider.ErrUnreachable) {
		return key{}, refreshErr // it may be a new key: we could not ask
	}
	return found, err
}

var errNoSuchKey = errors.New("no such key")

// choose picks the key that kid names, or, without kid, the only one that fits
// the algorithm: to try several would let a token choose its key.
func choose(keys []key, alg, kid string) (key, error) {
	var fitting []key
	named := false
	for _, k := range keys {
		if kid != "" && k.KeyID != kid {
			continue
		}
		named = named || kid != ""
		if fits(k, alg) {
			fitting = append(fitting, k)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return key{}, untrusted("the id_token fits several keys of the issuer")
	case named:
		return key{}, untrusted("the key that the id_token names is not for %s: %w", alg, errNoSuchKey)
	}
	return key{}, untrusted("the id_token names a key that the issuer does not publish: %w", errNoSuchKey)
}

// fits reports whether a key is for an algorithm (RFC 8725 section 3.1).
func fits(k key, alg string) bool {
	if k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != alg {
		return false
	}
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		return (strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")) && public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return public.Curve == curveOf(alg)
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false // symmetric, or unknown
}

func curveOf(alg string) elliptic.Curve {
	switch alg {
	case "ES256":
		return elliptic.P256()
	case "ES384":
		return elliptic.P384()
	case "ES512":
		return elliptic.P521()
	}
	return nil
}
