package token

import (
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// apiKeyID is the kid of our API keys. No signing key has it: theirs are
// thumbprints.
const apiKeyID = "api"

// apiKeyYears is how long an API key is valid.
const apiKeyYears = 10

type apiKeyClaims struct {
	Issuer    string `json:"iss"`
	Role      string `json:"role"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`

	jwt.Claims `json:"-"` // nil: only the method set that signing asks for
}

// APIKey returns the API key of a role, RoleAnon or RoleServiceRole, as
// Supabase's clients expect one: a JWT without a subject. It is signed (HS256)
// with a key derived from the secret key, so it is the same at every start and
// nothing need be stored.
func (r *KeyRing) APIKey(role string) (string, error) {
	if role != RoleAnon && role != RoleServiceRole {
		return "", fmt.Errorf("api key: no such role %q", role)
	}
	return sign(jwt.SigningMethodHS256, apiKeyID, r.apiKey, apiKeyClaims{
		Issuer: r.cfg.Issuer, Role: role,
		IssuedAt:  r.cfg.APIKeyIssuedAt.Unix(),
		ExpiresAt: r.cfg.APIKeyIssuedAt.AddDate(apiKeyYears, 0, 0).Unix(),
	})
}

// legacyIssuers are the iss of API keys that Supabase made, hosted or
// self-hosted, for a project whose JWT secret we were given; GoTrue without a
// configured issuer writes none.
var legacyIssuers = []string{"", "supabase", "supabase-demo"}

// isLegacy reports whether a token's issuer may be ours by virtue of the
// legacy secret, which then has to verify it.
func (r *KeyRing) isLegacy(alg, issuer string) bool {
	return r.cfg.LegacyHS256Secret != "" && alg == HS256 && slices.Contains(legacyIssuers, issuer)
}

// sharedKey returns the HMAC key for a token of ours with this kid.
func (r *KeyRing) sharedKey(kid string) (publicKey, error) {
	if kid == apiKeyID {
		return publicKey{kid: kid, alg: HS256, value: r.apiKey}, nil
	}
	if r.cfg.LegacyHS256Secret == "" {
		return publicKey{}, algNotAllowed(HS256)
	}
	return publicKey{kid: kid, alg: HS256, value: []byte(r.cfg.LegacyHS256Secret)}, nil
}
