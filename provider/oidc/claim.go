package oidc

import (
	"crypto"
	_ "crypto/sha256" // SHA-256
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tessera/provider"
)

const (
	leeway = time.Minute // between the issuer's clock and ours
	maxAge = time.Hour   // since iat: a token is made for the code just redeemed
)

// expectation is what a flow knows of the token that it gets.
type expectation struct {
	nonce, accessToken, code string
	alg                      string // of the signature, for the hashes
}

// judge applies OIDC Core section 3.1.3.7 to claims whose signature is right.
func (p *Provider) judge(claims provider.Object, expected expectation) error {
	if iss := claims.Text("iss"); iss != p.config.Issuer && !slices.Contains(p.profile.IssuerAliases, iss) {
		return untrusted("the id_token is of issuer %.100q, not %s", iss, p.config.Issuer)
	}
	if claims.Text("sub") == "" {
		return untrusted("the id_token names nobody")
	}
	if err := p.judgeAudience(claims); err != nil {
		return err
	}
	if err := p.judgeTimes(claims); err != nil {
		return err
	}
	if expected.nonce == "" || !equal(claims.Text("nonce"), expected.nonce) {
		return untrusted("the id_token's nonce is not the flow's")
	}
	for name, value := range map[string]string{"at_hash": expected.accessToken, "c_hash": expected.code} {
		if hash, there := claims[name]; there && hash != halfHash(expected.alg, value) {
			return untrusted("the id_token's %s is of something else", name)
		}
	}
	return nil
}

func (p *Provider) judgeAudience(claims provider.Object) error {
	audience := texts(claims["aud"])
	if items, _ := claims["aud"].([]any); len(items) != len(audience) {
		return untrusted("the id_token's aud is not a list of texts")
	}
	if single := claims.Text("aud"); single != "" {
		audience = []string{single}
	}
	if !slices.Contains(audience, p.config.ClientID) {
		return untrusted("the id_token is for another audience")
	}
	azp, there := claims["azp"]
	if there && azp != p.config.ClientID {
		return untrusted("the id_token was issued to another party")
	}
	if !there && len(audience) > 1 {
		return untrusted("the id_token has several audiences and no azp")
	}
	return nil
}

func (p *Provider) judgeTimes(claims provider.Object) error {
	now := p.now()
	exp, ok := instant(claims["exp"])
	if !ok || !now.Before(exp.Add(leeway)) {
		return untrusted("the id_token has expired, or says not when it will")
	}
	iat, ok := instant(claims["iat"])
	if !ok || iat.After(now.Add(leeway)) || iat.Before(now.Add(-maxAge)) {
		return untrusted("the id_token was not issued just now")
	}
	if _, there := claims["nbf"]; there {
		if nbf, ok := instant(claims["nbf"]); !ok || nbf.After(now.Add(leeway)) {
			return untrusted("the id_token is not valid yet")
		}
	}
	return nil
}

// instant reads a NumericDate (RFC 7519 section 2); fractions are cut off.
func instant(value any) (time.Time, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// halfHash is at_hash and c_hash (OIDC Core section 3.1.3.6): the left half of
// the value's hash, by the function that the signature uses. For EdDSA that is
// Ed25519's, SHA-512.
func halfHash(alg, value string) string {
	hash := crypto.SHA256
	switch {
	case strings.HasSuffix(alg, "384"):
		hash = crypto.SHA384
	case strings.HasSuffix(alg, "512"), alg == "EdDSA":
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:hash.Size()/2])
}
