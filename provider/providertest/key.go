package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
)

// keyRing signs for the OIDC kinds.
type keyRing struct {
	alg      string
	attacker *keyPair // of somebody else's, for faults

	mu   sync.Mutex
	keys []*keyPair // the newest first; it signs
}

// keyPair is written with the primitives of the standard library, so that what
// verifies and what signs share no code.
type keyPair struct {
	kid     string
	alg     string
	private crypto.Signer
}

func newKeyRing(kind Kind, alg string) (*keyRing, error) {
	if !slices.Contains(issuers, kind) {
		return &keyRing{}, nil
	}
	if alg == "" {
		alg = "ES256"
	}
	ring := &keyRing{alg: alg}
	attacker, err := newKeyPair(alg)
	if err != nil {
		return nil, err
	}
	ring.attacker = attacker
	return ring, ring.rotate()
}

func newKeyPair(alg string) (*keyPair, error) {
	pair := &keyPair{kid: "sim-" + rand.Text()[:8], alg: alg}
	var err error
	switch alg {
	case "ES256":
		pair.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		pair.private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "EdDSA":
		_, pair.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("provider simulator: cannot sign with %q", alg)
	}
	return pair, err
}

const maxPublished = 5

func (r *keyRing) rotate() error {
	if r.alg == "" {
		return errors.New("this simulator signs nothing")
	}
	pair, err := newKeyPair(r.alg)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append([]*keyPair{pair}, r.keys[:min(len(r.keys), maxPublished-1)]...)
	return nil
}

func (r *keyRing) current() *keyPair {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[0]
}

// symmetric is the key that the fault jwks_symmetric publishes.
var symmetric = []byte("a symmetric key that everybody can read")

// published is the key set, with its faults.
func (r *keyRing) published(in ills) []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := []map[string]any{}
	if in.has("jwks_empty") {
		return set
	}
	for _, pair := range r.keys {
		entry := pair.jwk(pair.kid)
		if in.has("jwks_for_encryption") {
			entry["use"] = "enc"
		}
		if in.has("jwks_other_alg") {
			entry["alg"] = "RS512"
		}
		if in.has("jwks_without_kid") {
			delete(entry, "kid")
		}
		set = append(set, entry)
	}
	if in.has("jwks_without_kid") {
		second := r.attacker.jwk("")
		delete(second, "kid")
		set = append(set, second)
	}
	if in.has("jwks_symmetric") {
		set = append(set, map[string]any{"kty": "oct", "kid": "symmetric", "alg": "HS256", "k": b64(symmetric)})
	}
	return set
}

// jwk is the public half (RFC 7517).
func (k *keyPair) jwk(kid string) map[string]any {
	entry := map[string]any{"kid": kid, "use": "sig", "alg": k.alg}
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return entry
		}
		entry["kty"], entry["crv"], entry["x"], entry["y"] = "EC", "P-256", b64(point[1:33]), b64(point[33:])
	case *rsa.PublicKey:
		entry["kty"], entry["n"], entry["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	case ed25519.PublicKey:
		entry["kty"], entry["crv"], entry["x"] = "OKP", "Ed25519", b64(public)
	}
	return entry
}

// der is the public half as X.509 writes it.
func (k *keyPair) der() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return nil
	}
	return der
}

// sign returns a signature as JWS writes it (RFC 7518 section 3).
func (k *keyPair) sign(input string) []byte {
	digest := sha256.Sum256([]byte(input))
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
		if err != nil {
			return nil
		}
		return signature
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(input))
	}
	return nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
