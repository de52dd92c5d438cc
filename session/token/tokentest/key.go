package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// Key is a private key of the simulated issuer.
type Key struct {
	KID     string
	Alg     string // ES256, RS256, EdDSA
	private crypto.Signer
}

// NewKey makes a key for ES256, RS256 or EdDSA. It panics on another
// algorithm.
func NewKey(kid, alg string) Key {
	var private crypto.Signer
	var err error
	switch alg {
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("no key for %q", alg)
	}
	if err != nil {
		panic("tokentest: " + err.Error())
	}
	return Key{KID: kid, Alg: alg, private: private}
}

// Public returns the public half.
func (k Key) Public() crypto.PublicKey { return k.private.Public() }

// JWK returns the public half as a JWKS lists it.
func (k Key) JWK() map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{"kid": k.KID, "alg": k.Alg, "use": "sig", "key_ops": []string{"verify"}}
	switch public := k.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			panic("tokentest: " + err.Error())
		}
		jwk["kty"], jwk["crv"] = "EC", "P-256"
		jwk["x"], jwk["y"] = encode(point[1:33]), encode(point[33:])
	case *rsa.PublicKey:
		jwk["kty"] = "RSA"
		jwk["n"], jwk["e"] = encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(public)
	}
	return jwk
}

// Sign returns a token with these claims, signed with the key. Members of
// header replace or, when nil, remove those that would be there.
func (k Key) Sign(claims map[string]any, header map[string]any) string {
	return signWith(jwt.GetSigningMethod(k.Alg), k.KID, k.private, claims, header)
}

// SignHS256 returns a token signed with a shared secret.
func SignHS256(secret []byte, claims, header map[string]any) string {
	return signWith(jwt.SigningMethodHS256, "", secret, claims, header)
}

// SignNone returns an unsigned token, alg "none".
func SignNone(claims, header map[string]any) string {
	return signWith(jwt.SigningMethodNone, "", jwt.UnsafeAllowNoneSignatureType, claims, header)
}

func signWith(method jwt.SigningMethod, kid string, key any, claims, header map[string]any) string {
	t := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	if kid != "" {
		t.Header["kid"] = kid
	}
	for name, value := range header {
		if value == nil {
			delete(t.Header, name)
			continue
		}
		t.Header[name] = value
	}
	signed, err := t.SignedString(key)
	if err != nil {
		panic("tokentest: " + err.Error())
	}
	return signed
}
