package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Algorithms of tokens (RFC 7518, RFC 8037). Nothing else is ever accepted.
const (
	ES256 = "ES256"
	RS256 = "RS256"
	EdDSA = "EdDSA"
	HS256 = "HS256"
)

// RSA moduli outside these sizes are refused: the smaller can be factored, the
// larger make a verification cost whatever the issuer likes.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// jwk is a public key as RFC 7517 writes it, in the order in which GoTrue
// publishes its members.
type jwk struct {
	Alg    string   `json:"alg,omitempty"`
	Crv    string   `json:"crv,omitempty"`
	Ext    bool     `json:"ext,omitempty"`
	KeyOps []string `json:"key_ops,omitempty"`
	Kid    string   `json:"kid,omitempty"`
	Kty    string   `json:"kty"`
	Use    string   `json:"use,omitempty"`
	X      string   `json:"x,omitempty"`
	Y      string   `json:"y,omitempty"`
	N      string   `json:"n,omitempty"`
	E      string   `json:"e,omitempty"`
}

// publicKey is a key that may verify tokens of exactly one algorithm.
type publicKey struct {
	kid   string
	alg   string
	value any // *ecdsa.PublicKey, *rsa.PublicKey, ed25519.PublicKey or []byte, as alg says
}

// publicJWK describes an ES256 key. Its kid is the key's own thumbprint.
func publicJWK(key *ecdsa.PublicKey) (jwk, error) {
	point, err := key.Bytes() // 4 || X || Y, 32 bytes each
	if err != nil {
		return jwk{}, fmt.Errorf("encode public key: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	k := jwk{
		Alg: ES256, Crv: "P-256", Ext: true, KeyOps: []string{"verify"}, Kty: "EC", Use: "sig",
		X: encode(point[1:33]), Y: encode(point[33:65]),
	}
	k.Kid = k.thumbprint()
	return k, nil
}

// thumbprint is RFC 7638's, of an EC key: the required members, sorted.
func (k jwk) thumbprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, k.Crv, k.X, k.Y))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// parseJWK reads one key and binds it to its algorithm. It refuses keys that
// are not for signatures, whose alg is not that of their type, or whose
// numbers are not a key. Symmetric keys never come from a JWKS.
func parseJWK(data []byte) (publicKey, error) {
	var k jwk
	if err := json.Unmarshal(data, &k); err != nil {
		return publicKey{}, fmt.Errorf("not a JWK: %w", err)
	}
	if k.Use != "" && k.Use != "sig" {
		return publicKey{}, fmt.Errorf("use is %q", k.Use)
	}
	if k.KeyOps != nil && !slices.Contains(k.KeyOps, "verify") {
		return publicKey{}, errors.New("key_ops has no verify")
	}
	alg, value, err := k.material()
	if err != nil {
		return publicKey{}, err
	}
	if k.Alg != "" && k.Alg != alg {
		return publicKey{}, fmt.Errorf("alg is %q for a key of %s", k.Alg, alg)
	}
	return publicKey{kid: k.Kid, alg: alg, value: value}, nil
}

func (k jwk) material() (alg string, value any, err error) {
	switch {
	case k.Kty == "EC" && k.Crv == "P-256":
		value, err = k.ecdsa()
		return ES256, value, err
	case k.Kty == "OKP" && k.Crv == "Ed25519":
		value, err = k.ed25519()
		return EdDSA, value, err
	case k.Kty == "RSA":
		value, err = k.rsa()
		return RS256, value, err
	}
	return "", nil, fmt.Errorf("kty %q with crv %q is not supported", k.Kty, k.Crv)
}

func (k jwk) ecdsa() (*ecdsa.PublicKey, error) {
	x, errX := base64.RawURLEncoding.DecodeString(k.X)
	y, errY := base64.RawURLEncoding.DecodeString(k.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, errors.New("x and y must be 32 bytes each in base64url")
	}
	// Refuses a point that is not on the curve.
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
}

func (k jwk) ed25519() (ed25519.PublicKey, error) {
	x, err := base64.RawURLEncoding.DecodeString(k.X)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("x must be 32 bytes in base64url")
	}
	return ed25519.PublicKey(x), nil
}

func (k jwk) rsa() (*rsa.PublicKey, error) {
	n, errN := base64.RawURLEncoding.DecodeString(k.N)
	e, errE := base64.RawURLEncoding.DecodeString(k.E)
	if errN != nil || errE != nil {
		return nil, errors.New("n and e must be base64url")
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minRSABits || bits > maxRSABits || modulus.Bit(0) == 0 {
		return nil, fmt.Errorf("modulus of %d bits", bits)
	}
	if exponent.BitLen() > 31 || exponent.Bit(0) == 0 || exponent.Cmp(big.NewInt(3)) < 0 {
		return nil, errors.New("exponent out of range")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

// maxKeys bounds a set: who publishes more has another problem.
const maxKeys = 64

// parseJWKS reads a key set. Keys that we cannot use are left out, as RFC 7517
// section 5 asks; skipped says why, by kid. It fails only for what is no set.
func parseJWKS(data []byte) (keys []publicKey, skipped map[string]string, err error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, nil, fmt.Errorf("not a JWKS: %w", err)
	}
	if set.Keys == nil {
		return nil, nil, errors.New(`not a JWKS: it has no "keys"`)
	}
	if len(*set.Keys) > maxKeys {
		return nil, nil, fmt.Errorf("a set of %d keys; at most %d are read", len(*set.Keys), maxKeys)
	}
	seen := map[string]bool{}
	skipped = map[string]string{}
	for i, raw := range *set.Keys {
		key, err := parseJWK(raw)
		switch {
		case err != nil:
			skipped[fmt.Sprintf("keys[%d]", i)] = err.Error()
		case key.kid != "" && seen[key.kid]:
			skipped[fmt.Sprintf("keys[%d]", i)] = fmt.Sprintf("kid %q is there twice", key.kid)
		default:
			seen[key.kid] = true
			keys = append(keys, key)
		}
	}
	return keys, skipped, nil
}
