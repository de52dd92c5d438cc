package token

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// minSharedSecret is the shortest HS256 secret in bytes: RFC 7518 section 3.2
// asks for a key as long as the hash.
const minSharedSecret = 32

var errShortSecret = fmt.Errorf("the HS256 secret must have at least %d bytes", minSharedSecret)

// IssuerConfig names one issuer whose tokens are trusted beside our own.
type IssuerConfig struct {
	// Issuer is the exact iss of its tokens: for a Supabase project its URL
	// with /auth/v1.
	Issuer string
	// JWKSURL is where its keys are; "" = Issuer with /.well-known/jwks.json.
	// A redirect is not followed.
	JWKSURL string
	// Audiences are the accepted aud values, any of which will do; empty =
	// "authenticated".
	Audiences []string
	// Algorithms that are accepted; empty = ES256, RS256 and EdDSA, and HS256
	// where HS256Secret is set.
	Algorithms []string
	// HS256Secret is the secret shared with an issuer that signs with HS256, at
	// least 32 bytes; "" = none. It never verifies another algorithm, and
	// without it HS256 is refused.
	HS256Secret string
}

// SupabaseIssuer returns the configuration that trusts the users of the
// Supabase project at projectURL. jwtSecret is its legacy JWT secret, for
// projects that still sign with HS256; "" = none.
func SupabaseIssuer(projectURL, jwtSecret string) IssuerConfig {
	return IssuerConfig{
		Issuer:      strings.TrimRight(projectURL, "/") + "/auth/v1",
		HS256Secret: jwtSecret,
	}
}

// withDefaults returns the configuration with every field set, or what is
// wrong with it.
func (c IssuerConfig) withDefaults() (IssuerConfig, error) {
	if c.Issuer == "" {
		return c, errors.New("trusted issuer: issuer must be set")
	}
	if c.JWKSURL == "" {
		c.JWKSURL = strings.TrimRight(c.Issuer, "/") + "/.well-known/jwks.json"
	}
	u, err := url.Parse(c.JWKSURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return c, fmt.Errorf("trusted issuer %s: the JWKS URL must be an http or https URL", c.Issuer)
	}
	if u.User != nil {
		return c, fmt.Errorf("trusted issuer %s: the JWKS URL must not hold a user or password", c.Issuer)
	}
	if len(c.Audiences) == 0 {
		c.Audiences = []string{Audience}
	}
	if c.HS256Secret != "" && len(c.HS256Secret) < minSharedSecret {
		return c, fmt.Errorf("trusted issuer %s: %w", c.Issuer, errShortSecret)
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{ES256, RS256, EdDSA}
		if c.HS256Secret != "" {
			c.Algorithms = append(c.Algorithms, HS256)
		}
	}
	for _, alg := range c.Algorithms {
		if !slices.Contains(allAlgorithms, alg) {
			return c, fmt.Errorf("trusted issuer %s: algorithm %q is not one of %s",
				c.Issuer, alg, strings.Join(allAlgorithms, ", "))
		}
		if alg == HS256 && c.HS256Secret == "" {
			return c, fmt.Errorf("trusted issuer %s: HS256 needs the shared secret", c.Issuer)
		}
	}
	return c, nil
}

var allAlgorithms = []string{ES256, RS256, EdDSA, HS256}

// issuer is one that is trusted: our own ring, or somebody else's key set.
type issuer struct {
	name       string
	own        *KeyRing // nil for others
	audiences  []string
	algorithms []string
	secret     []byte  // HS256, nil = none
	remote     *keySet // nil for our own
}

// key returns the one key that may have signed a token with this header.
func (i *issuer) key(ctx context.Context, alg, kid string) (publicKey, error) {
	if !slices.Contains(i.algorithms, alg) {
		return publicKey{}, algNotAllowed(alg)
	}
	switch {
	case i.own != nil && alg == HS256:
		return i.own.sharedKey(kid)
	case i.own != nil:
		return i.own.find(ctx, alg, kid)
	case alg == HS256:
		// Projects with a legacy secret give it a kid that no JWKS lists.
		return publicKey{kid: kid, alg: HS256, value: i.secret}, nil
	}
	return i.remote.find(ctx, alg, kid)
}

// epoch changes whenever the issuer's keys do.
func (i *issuer) epoch() uint64 {
	if i.own != nil {
		return i.own.epoch()
	}
	return i.remote.epoch()
}

// boundTo returns the key if it is one for this algorithm: what a token says
// of its own algorithm decides nothing.
func (k publicKey) boundTo(alg string) (publicKey, error) {
	if k.alg != alg {
		return publicKey{}, algNotAllowed(alg)
	}
	return k, nil
}

func algNotAllowed(alg string) error {
	return failing(ErrAlgNotAllowed, fmt.Sprintf("token signature is invalid: signing method %s is invalid", alg))
}

func unknownKey(alg, kid string) error {
	return failing(ErrUnknownKey, fmt.Sprintf(
		"token is unverifiable: error while executing keyfunc: unrecognized JWT kid %s for algorithm %s", kid, alg))
}
