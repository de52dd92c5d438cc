// Package secret holds the installation's one secret key and everything that
// is done with it: deriving keys for a purpose, and sealing what is stored.
//
// The key is 32 random bytes, given to the server as base64. Whoever has it and
// the database has every credential in it; whoever has only the database has
// none. It is never printed: every way of formatting a [Key] says "[secret]".
//
// # Purposes
//
// No two uses share key material. A purpose is a short constant such as
// "signing-keys"; it goes into the derivation (HKDF-SHA256, RFC 5869) and, when
// sealing, is authenticated beside the data, so that something sealed for one
// purpose never opens for another.
//
// # Sealed format
//
// One byte of version (1), a random nonce of 12 bytes, then the AES-256-GCM
// ciphertext with its tag. A later format gets a new version byte.
package secret
