package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"tessera/secret"
)

// sealPurpose is what private keys are sealed for.
const sealPurpose = "signing-keys"

// KeyState says what a signing key does.
type KeyState string

// States of a signing key: see the package comment.
const (
	KeyStandby KeyState = "standby"
	KeyActive  KeyState = "active"
	KeyRetired KeyState = "retired"
)

// StoredKey is a signing key as the store keeps it.
type StoredKey struct {
	ID            string // kid: the RFC 7638 thumbprint of the public key
	Alg           string
	State         KeyState
	PrivateSealed []byte // PKCS #8, sealed with the secret key; empty once retired
	PublicJWK     []byte // JSON
	CreatedAt     time.Time
	ActivatedAt   time.Time // zero while standing by
	RetiredAt     time.Time // zero until retired
	VerifyUntil   time.Time // zero until retired: when it leaves the JWKS
}

// Rotation is one change of guard.
type Rotation struct {
	Retire      string    // kid that must be active
	Activate    string    // kid that must stand by
	At          time.Time //
	VerifyUntil time.Time // of the key that retires
	Next        StoredKey // the new standby key
}

// KeyStore keeps signing keys.
type KeyStore interface {
	// SigningKeys returns all keys, oldest first.
	SigningKeys(ctx context.Context) ([]StoredKey, error)
	// AddSigningKey adds a key, unless there is one of its state already.
	AddSigningKey(ctx context.Context, key StoredKey) (added bool, err error)
	// RotateSigningKeys does all of r or nothing of it: nothing when the named
	// keys are not in the states that r expects any more.
	RotateSigningKeys(ctx context.Context, r Rotation) (done bool, err error)
}

// newSigningKey makes an ES256 key.
func newSigningKey(state KeyState, sealer secret.Key, now time.Time) (StoredKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return StoredKey{}, fmt.Errorf("generate signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return StoredKey{}, fmt.Errorf("encode signing key: %w", err)
	}
	public, err := publicJWK(&private.PublicKey)
	if err != nil {
		return StoredKey{}, err
	}
	encoded, err := json.Marshal(public)
	if err != nil {
		return StoredKey{}, fmt.Errorf("encode signing key: %w", err)
	}
	key := StoredKey{
		ID: public.Kid, Alg: ES256, State: state, CreatedAt: now,
		PrivateSealed: sealer.Seal(sealPurpose, der), PublicJWK: encoded,
	}
	if state == KeyActive {
		key.ActivatedAt = now
	}
	return key, nil
}

// openPrivate returns the private half of a key that signs.
func openPrivate(k StoredKey, sealer secret.Key) (*ecdsa.PrivateKey, error) {
	der, err := sealer.Open(sealPurpose, k.PrivateSealed)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || k.Alg != ES256 {
		return nil, fmt.Errorf("signing key %s: want an ES256 key, got %T for %s", k.ID, parsed, k.Alg)
	}
	return private, nil
}
