package token

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxTokenSize is the longest token that is looked at, in bytes.
const MaxTokenSize = 8 << 10

// VerifierConfig is what a [Verifier] needs.
type VerifierConfig struct {
	Own     *KeyRing       // our own keys; nil = our own tokens are not accepted
	Trusted []IssuerConfig // other issuers
	// HTTP fetches key sets; nil = a client of its own. Its redirect policy is
	// replaced: a key set's URL is fixed.
	HTTP *http.Client
	Now  func() time.Time
	Log  *slog.Logger
	// OnFailure is told the reason of each refused token; nil = nobody.
	OnFailure func(reason string)
	// OnFetch is told of each fetch of a key set; nil = nobody.
	OnFetch func(issuer string, err error)
	// CacheSize bounds the cache of verified tokens; 0 = 10,000, negative = no
	// cache.
	CacheSize int
}

// Verifier decides whether tokens are valid. It is safe for concurrent use.
type Verifier struct {
	cfg       VerifierConfig
	own       *issuer // nil when cfg.Own is
	issuers   map[string]*issuer
	cache     *cache // nil = none
	parser    *jwt.Parser
	validator *jwt.Validator
}

// NewVerifier returns a verifier that trusts our own keys and the issuers of
// cfg. Nothing is fetched before the first token, or [Verifier.Start].
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	if cfg.Now == nil {
		return nil, errors.New("verifier: Now must be set")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.HTTP = fixedURLs(cfg.HTTP)
	v := &Verifier{
		cfg: cfg, issuers: map[string]*issuer{},
		// Strict: the last character of a base64url part has one spelling only,
		// so a token has one spelling, and one place in the cache.
		parser: jwt.NewParser(jwt.WithStrictDecoding()),
		validator: jwt.NewValidator(jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
			jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(cfg.Now)),
	}
	if cfg.Own != nil {
		v.own = &issuer{
			name: cfg.Own.Issuer(), own: cfg.Own,
			audiences: []string{Audience}, algorithms: []string{ES256, HS256},
		}
		v.issuers[v.own.name] = v.own
	}
	if err := v.trust(cfg.Trusted); err != nil {
		return nil, err
	}
	if cfg.CacheSize >= 0 {
		size := cfg.CacheSize
		if size == 0 {
			size = cacheSize
		}
		var err error
		if v.cache, err = newCache(size, cfg.Now); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// trust adds other issuers. All problems are reported at once.
func (v *Verifier) trust(configs []IssuerConfig) error {
	var problems []error
	for _, c := range configs {
		c, err := c.withDefaults()
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if _, taken := v.issuers[c.Issuer]; taken {
			problems = append(problems, fmt.Errorf("trusted issuer %s: it is there twice, or is this server itself", c.Issuer))
			continue
		}
		i := &issuer{
			name: c.Issuer, audiences: c.Audiences, algorithms: c.Algorithms, remote: newKeySet(c, v.cfg),
		}
		if c.HS256Secret != "" {
			i.secret = []byte(c.HS256Secret)
		}
		v.issuers[c.Issuer] = i
	}
	return errors.Join(problems...)
}

// fixedURLs returns a copy of the client that follows no redirect.
func fixedURLs(client *http.Client) *http.Client {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Start fetches the key sets of the trusted issuers and keeps them fresh until
// ctx ends. It does not wait: an issuer that is down does not keep us from
// starting.
func (v *Verifier) Start(ctx context.Context) {
	for _, i := range v.issuers {
		if i.remote != nil {
			go i.remote.follow(ctx)
		}
	}
}

// Verify returns the claims of a valid token. An API key of ours is valid too:
// its claims have a role and no subject. Whether the session and the user
// still exist is not asked here.
//
// Faults: those of this package (all say Unauthenticated, except that
// ErrKeysUnavailable and ErrNotReady say that the token could not be checked).
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	claims, err := v.verify(ctx, raw)
	if err != nil && v.cfg.OnFailure != nil {
		v.cfg.OnFailure(Reason(err))
	}
	return claims, err
}

func (v *Verifier) verify(ctx context.Context, raw string) (Claims, error) {
	if len(raw) > MaxTokenSize {
		return Claims{}, tooLong()
	}
	sum := sha256.Sum256([]byte(raw))
	if v.cache != nil {
		if claims, found := v.cache.get(sum); found {
			return claims, nil
		}
	}
	c, err := v.parse(raw)
	if err != nil {
		return Claims{}, err
	}
	from, err := v.issuerOf(c)
	if err != nil {
		return Claims{}, err
	}
	epoch := from.epoch() // before the key is read: a change in between voids the cache entry
	key, err := from.key(ctx, c.alg, c.kid)
	if err != nil {
		return Claims{}, err
	}
	for _, check := range []func() error{
		func() error { return c.checkSignature(key) },
		func() error { return v.checkTimes(c) },
		func() error { return c.checkAudience(from) },
		func() error { return c.checkSubject(from) },
	} {
		if err := check(); err != nil {
			return Claims{}, err
		}
	}
	claims := c.claimsFrom(from)
	if v.cache != nil {
		v.cache.put(sum, claims, from, epoch)
	}
	return claims, nil
}

// candidate is a token that was read and not believed yet.
type candidate struct {
	alg       string
	kid       string
	method    jwt.SigningMethod
	signed    string // header.payload as it came
	signature []byte
	claims    readClaims
}

func tooLong() error {
	return failing(ErrMalformed.Saying("The access token is longer than %d bytes.", MaxTokenSize),
		"token is malformed: token is too long")
}

// parse reads a token: three parts of base64url, a header and claims of JSON,
// and an algorithm that somebody may use here.
func (v *Verifier) parse(raw string) (*candidate, error) {
	if len(raw) > MaxTokenSize {
		return nil, tooLong()
	}
	c := &candidate{}
	t, parts, err := v.parser.ParseUnverified(raw, &c.claims)
	if err != nil {
		if errors.Is(err, jwt.ErrTokenUnverifiable) { // an alg that nobody knows
			return nil, failing(ErrAlgNotAllowed.Because(err), err.Error())
		}
		return nil, failing(ErrMalformed.Because(err), err.Error())
	}
	c.method, c.signed, c.signature = t.Method, parts[0]+"."+parts[1], t.Signature
	c.alg = t.Method.Alg()
	if !slices.Contains(allAlgorithms, c.alg) {
		return nil, algNotAllowed(c.alg)
	}
	if kid, present := t.Header["kid"]; present {
		var isText bool
		if c.kid, isText = kid.(string); !isText {
			return nil, failing(ErrMalformed, "token is malformed: kid is not a string")
		}
	}
	for _, date := range []*jwt.NumericDate{c.claims.ExpiresAt, c.claims.NotBefore, c.claims.IssuedAt} {
		if date != nil && (date.Unix() < 0 || date.Year() > 9999) { // what JSON cannot write as a time either
			return nil, failing(ErrMalformed, "token is malformed: a time is out of range")
		}
	}
	if _, present := t.Header["crit"]; present {
		return nil, failing(ErrMalformed.Saying("The access token needs an extension that is not supported."),
			"token is malformed: crit header is not supported")
	}
	return c, nil
}

// issuerOf returns the trusted issuer that the token names. The name is only a
// claim until that issuer's key has verified it.
func (v *Verifier) issuerOf(c *candidate) (*issuer, error) {
	if i, found := v.issuers[c.claims.Issuer]; found {
		return i, nil
	}
	if v.own != nil && c.kid != apiKeyID && v.own.own.isLegacy(c.alg, c.claims.Issuer) {
		return v.own, nil
	}
	return nil, failing(ErrUnknownIssuer, invalidClaims(jwt.ErrTokenInvalidIssuer))
}

func (c *candidate) checkSignature(key publicKey) error {
	if key.alg != c.alg { // cannot be: find binds them; what comes next relies on it
		return algNotAllowed(c.alg)
	}
	if err := c.method.Verify(c.signed, c.signature, key.value); err != nil {
		return failing(ErrBadSignature.Because(err), fmt.Sprintf("%v: %v", jwt.ErrTokenSignatureInvalid, err))
	}
	return nil
}

// checkTimes looks at exp, which must be there, nbf and iat.
func (v *Verifier) checkTimes(c *candidate) error {
	err := v.validator.Validate(c.claims.RegisteredClaims)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return failing(ErrExpired, invalidClaims(err))
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return failing(ErrNotYetValid, invalidClaims(err))
	}
	return failing(ErrClaimMissing.Saying("The access token has no exp."), invalidClaims(err))
}

// checkAudience asks for one of the issuer's audiences. API keys have none.
func (c *candidate) checkAudience(from *issuer) error {
	if c.isAPIKey(from) && len(c.claims.Audience) == 0 {
		return nil
	}
	for _, audience := range c.claims.Audience {
		if slices.Contains(from.audiences, audience) {
			return nil
		}
	}
	return failing(ErrWrongAudience, invalidClaims(jwt.ErrTokenInvalidAudience))
}

func (c *candidate) checkSubject(from *issuer) error {
	if c.claims.Subject == "" && !c.isAPIKey(from) {
		return failing(ErrNoSubject, "invalid claim: missing sub claim")
	}
	return nil
}

// isAPIKey reports whether this is the shape of an API key of ours.
func (c *candidate) isAPIKey(from *issuer) bool {
	role := string(c.claims.Role)
	return from.own != nil && c.alg == HS256 && c.claims.Subject == "" && (role == RoleAnon || role == RoleServiceRole)
}

// claimsFrom returns the claims of a token that passed every check.
func (c *candidate) claimsFrom(from *issuer) Claims {
	claims := c.claims.claims(c.alg, c.kid, from.own != nil)
	claims.Issuer = from.name // a legacy token's iss may be empty
	return claims
}

func invalidClaims(err error) string {
	return fmt.Sprintf("%v: %v", jwt.ErrTokenInvalidClaims, err)
}
