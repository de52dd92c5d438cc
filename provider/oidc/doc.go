// Package oidc signs people in at any OpenID Connect issuer.
//
//	AuthURL   discovery (lazy, cached) ──▶ authorization request: code, S256, state, nonce
//	Exchange  iss of the callback ──▶ code ──▶ id_token ──▶ userinfo of the same sub ──▶ (issuer, sub)
//
// # The issuer's documents
//
// Nothing is fetched before somebody signs in. The discovery document is fetched again
// after an hour and the keys after ten minutes, the keys also when a token names one
// that is unknown, but never twice within ten seconds: a flood of invented key
// ids costs the issuer nothing. While fetching fails, what is known stays in use for a
// day. The document must name exactly the configured issuer, and an https
// issuer cannot send us to http.
//
// # What an id_token must show
//
//   - the compact form, at most 32 KiB; an asymmetric algorithm that the issuer
//     announces; no crit header; typ JWT or none. jku, x5u, jwk and x5c mean nothing.
//   - a signature by a key of the issuer's set: the one that kid names, or without
//     kid the only one that fits. A key fits when its alg, use, type, curve and size
//     (RSA: 2048 bits) allow the algorithm; symmetric keys never do.
//   - iss exactly the issuer; aud with our client id; azp our client id when there
//     is one, and there must be one beside several audiences; exp ahead, iat neither
//     ahead nor more than an hour ago, nbf behind, with 60 seconds of leeway.
//   - nonce exactly the flow's; at_hash and c_hash right when there; a sub of at
//     most 255 printable ASCII characters.
//
// All of it is OIDC Core section 3.1.3.7 and RFC 8725; each has an Attack test.
//
// # Why not github.com/coreos/go-oidc
//
// Its verifier (v3.21.0) leaves nonce, azp, iat and c_hash to the caller, allows no
// clock leeway for exp, takes any key of the set that verifies whatever alg and use
// the key states, and fetches the keys anew for every unknown kid without a
// limit. What remains is signature arithmetic and key parsing, which go-jose,
// on which it stands, does here too. The tests hold it as an oracle: nothing
// that we accept may be refused by go-oidc.
package oidc
