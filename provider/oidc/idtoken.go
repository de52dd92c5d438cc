package oidc

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"tessera/provider"
)

const maxTokenBytes = 32 << 10

// verify returns the claims of an id_token that passes every rule of the
// package's documentation. Faults: ErrUntrusted, ErrUnreachable when the
// issuer's keys cannot be had, and the profile's own.
func (p *Provider) verify(ctx context.Context, raw string, expected expectation) (provider.Object, error) {
	md, err := p.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(raw)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(md.algs, h.alg) {
		return nil, untrusted("the id_token's alg %.20q is not one of %s", h.alg, strings.Join(md.algs, ", "))
	}
	k, err := p.find(ctx, h.alg, h.kid)
	if err != nil {
		return nil, err
	}
	claims, err := open(raw, h.alg, k)
	if err != nil {
		return nil, err
	}
	expected.alg = h.alg
	if err := p.judge(claims, expected); err != nil {
		return nil, err
	}
	if p.profile.Accept != nil {
		if err := p.profile.Accept(claims); err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// header is what we read of a JOSE header. Whatever else it says of keys (jku,
// jwk, x5u, x5c) is the token speaking for itself, and is not read.
type header struct{ alg, kid string }

func readHeader(raw string) (header, error) {
	if raw == "" {
		return header{}, untrusted("the token answer holds no id_token")
	}
	parts := strings.Split(raw, ".")
	if len(raw) > maxTokenBytes || len(parts) != 3 {
		return header{}, untrusted("the id_token is not a compact JWS of at most %d bytes", maxTokenBytes)
	}
	object, err := decodePart(parts[0])
	if err != nil {
		return header{}, err
	}
	if _, there := object["crit"]; there {
		// RFC 7515 section 4.1.11: we understand no extension.
		return header{}, untrusted("the id_token has a crit header")
	}
	if typ := object.Text("typ"); typ != "" && !strings.EqualFold(typ, "JWT") {
		// RFC 8725 section 3.11: another kind of token in an id_token's place.
		return header{}, untrusted("the token is of type %.40q, not JWT", typ)
	}
	return header{alg: object.Text("alg"), kid: object.Text("kid")}, nil
}

func decodePart(part string) (provider.Object, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, untrusted("a part of the id_token is not base64url")
	}
	object, err := provider.DecodeObject(text)
	if err != nil {
		return nil, untrusted("a part of the id_token is not a JSON object")
	}
	return object, nil
}

// open checks the signature with one key and one algorithm, and returns the claims.
func open(raw, alg string, k key) (provider.Object, error) {
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, untrusted("the id_token cannot be parsed")
	}
	payload, err := signed.Verify(k.Key)
	if err != nil {
		return nil, untrusted("the id_token's signature is wrong")
	}
	claims, err := provider.DecodeObject(payload)
	if err != nil {
		return nil, untrusted("the id_token's claims are not a JSON object")
	}
	return claims, nil
}
