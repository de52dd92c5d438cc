package secret

import (
	"crypto/aes"
	"crypto/cipher"

	"tessera/fault"
)

// sealVersion is the first byte of everything sealed.
const sealVersion = 1

// ErrCannotOpen is returned by [Key.Open] when the data was sealed with another
// key or for another purpose, or was changed since.
var ErrCannotOpen = fault.Declare(fault.Internal, "secret.cannot_open",
	"Stored data cannot be opened with this secret key.",
	"Start the server with the secret key that it ran with before.")

// Seal encrypts and authenticates plain for one purpose. Sealing the same
// bytes twice gives different results.
func (k Key) Seal(purpose string, plain []byte) []byte {
	return append([]byte{sealVersion}, k.aead(purpose).Seal(nil, nil, plain, additional(purpose))...)
}

// Open returns what [Key.Seal] was given for the same purpose, or
// [ErrCannotOpen].
func (k Key) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, ErrCannotOpen
	}
	plain, err := k.aead(purpose).Open(nil, nil, sealed[1:], additional(purpose))
	if err != nil {
		return nil, ErrCannotOpen.Because(err)
	}
	return plain, nil
}

// aead returns AES-256-GCM that draws a random nonce for each message and puts
// it in front. Random nonces are safe for 2^32 messages per purpose.
func (k Key) aead(purpose string) cipher.AEAD {
	block, err := aes.NewCipher(k.expand("tessera seal", purpose, 32))
	if err != nil {
		panic("secret: " + err.Error()) // only for a key of a wrong size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("secret: " + err.Error())
	}
	return aead
}

// additional is authenticated with each message: version and purpose.
func additional(purpose string) []byte {
	return append([]byte{sealVersion}, purpose...)
}
