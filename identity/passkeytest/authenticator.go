// Package passkeytest is an authenticator and the browser before it, in
// software: for tests, which make it misbehave.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Browser is a browser at an origin, with an authenticator that holds keys. The
// zero value of a switch is a well-behaved one.
type Browser struct {
	Origin string // as "https://example.com"
	RPID   string // whom the authenticator signs for; "" = as asked
	// WithoutUserVerification leaves the person unverified: a touch, no PIN.
	WithoutUserVerification bool
	// Counts makes the authenticator count its uses.
	Counts bool
}

// Key is a passkey on an authenticator.
type Key struct {
	ID         []byte
	UserHandle []byte
	Count      uint32
	private    *ecdsa.PrivateKey
}

// Flags of authenticator data (WebAuthn Level 3, 6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	backupable   = 0x08
	attested     = 0x40
)

type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"` // of a request
	RP        struct {
		ID string `json:"id"` // of a creation
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

// Create makes a passkey, as navigator.credentials.create() does, and returns
// its JSON.
func (b Browser) Create(raw json.RawMessage) (*Key, json.RawMessage, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	key := &Key{ID: make([]byte, 32), private: private}
	_, _ = rand.Read(key.ID) // never fails (Go 1.24)
	credential, err := b.CreateAs(raw, key)
	return key, credential, err
}

// CreateAs is Create with a key that is there already.
func (b Browser) CreateAs(raw json.RawMessage, key *Key) (json.RawMessage, error) {
	var asked options
	if err := json.Unmarshal(raw, &asked); err != nil {
		return nil, err
	}
	handle, err := base64.RawURLEncoding.DecodeString(asked.User.ID)
	if err != nil {
		return nil, fmt.Errorf("user handle: %w", err)
	}
	key.UserHandle = handle
	public, err := publicKey(key.private)
	if err != nil {
		return nil, err
	}
	data := b.authenticatorData(asked.RP.ID, key, attested)
	data = append(data, make([]byte, 16)...) // no model named
	data = binary.BigEndian.AppendUint16(data, uint16(len(key.ID)))
	data = append(append(data, key.ID...), public...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, err
	}
	return encode(key, map[string]any{
		"clientDataJSON": text(b.clientData("webauthn.create", asked.Challenge)), "attestationObject": text(object),
		"transports": []string{"internal"},
	})
}

// Get uses a passkey, as navigator.credentials.get() does.
func (b Browser) Get(raw json.RawMessage, key *Key) (json.RawMessage, error) {
	var asked options
	if err := json.Unmarshal(raw, &asked); err != nil {
		return nil, err
	}
	if b.Counts {
		key.Count++
	}
	data := b.authenticatorData(asked.RPID, key, 0)
	client := b.clientData("webauthn.get", asked.Challenge)
	clientHash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, key.private, digest[:])
	if err != nil {
		return nil, err
	}
	return encode(key, map[string]any{
		"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature), "userHandle": text(key.UserHandle),
	})
}

func (b Browser) authenticatorData(rpID string, key *Key, flags byte) []byte {
	if b.RPID != "" {
		rpID = b.RPID
	}
	flags |= userPresent | backupable
	if !b.WithoutUserVerification {
		flags |= userVerified
	}
	hash := sha256.Sum256([]byte(rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), key.Count)
}

func (b Browser) clientData(kind, challenge string) []byte {
	data, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": b.Origin, "crossOrigin": false})
	if err != nil {
		panic(err) // strings always encode
	}
	return data
}

// publicKey is a COSE key (RFC 9053, EC2 with ES256).
func publicKey(private *ecdsa.PrivateKey) ([]byte, error) {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	point, err := private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, err
	}
	return mode.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
}

func encode(key *Key, response map[string]any) (json.RawMessage, error) {
	return json.Marshal(map[string]any{
		"id": text(key.ID), "rawId": text(key.ID), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
