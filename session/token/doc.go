// Package token signs Tessera's access tokens and verifies everybody's that it
// trusts.
//
// # What it owns
//
// The signing keys ([KeyRing]), the JWKS that publishes them, the two API keys
// (anon, service_role), and the one function that decides whether a bearer
// token is what it says ([Verifier.Verify]). Whether the session or the user
// behind a token still exists is package session's to say.
//
// # The life of a signing key (ES256)
//
//	          Rotate                Rotate               verify_until has come
//	standby ----------> active ----------------> retired ----------------------> gone from the JWKS
//	in the JWKS         signs                    in the JWKS,
//	                                             its private half is wiped
//
// At most one key is active and at most one stands by, which a unique index
// keeps true however many replicas start or rotate at once. The standby key is
// published long before it signs, so that nobody's cached JWKS lacks it; a
// retired key verifies until every token that it signed, and every cache of the
// set, has run out.
//
// # What a token must show
//
// At most 8 KiB; one of the algorithms ES256, RS256, EdDSA or (where a shared
// secret is configured) HS256; an `iss` that is exactly one that is trusted; a
// `kid` of that issuer's key set, whose algorithm is the token's; a signature;
// exp, nbf and iat within 30 seconds of our clock; the issuer's audience; a
// subject. A key is bound to its algorithm when it is read, so a public key
// never verifies an HMAC. `jku`, `x5u`, `jwk` and `x5c` are ignored; a `crit`
// header is refused (RFC 7515 section 4.1.11, RFC 8725).
//
// # Other issuers' keys
//
// [keySet] fetches them, again every ten minutes and when a token names a key
// that it does not know (one fetch in ten seconds per issuer, shared by all who
// wait). A fetch that fails, or that brings no usable key, changes nothing: the
// keys at hand go on verifying. Only a good answer replaces them.
package token
