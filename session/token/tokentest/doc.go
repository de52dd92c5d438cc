// Package tokentest simulates an issuer of access tokens: a real HTTP server
// that publishes a JWKS and can be told to misbehave, and signers that make
// tokens of a Supabase project's shape, good ones and forged ones.
//
// It is for tests and the demo only. Its responses say that it is a simulator.
package tokentest
