package token

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tessera/secret"
)

// JWKSCacheTime is how long others may keep our key set (Cache-Control:
// max-age), as GoTrue says and its clients do.
const JWKSCacheTime = 10 * time.Minute

const (
	reloadInterval = 15 * time.Second // how soon a replica sees another's rotation
	reloadSpacing  = time.Second      // unknown key ids cause at most one read of the database in this time
	clockSkew      = 30 * time.Second
)

// KeyRingConfig is what a [KeyRing] needs.
type KeyRingConfig struct {
	Store  KeyStore
	Secret secret.Key
	// Issuer is the iss of our tokens: the external URL with /auth/v1.
	Issuer string
	// AccessTTL is the longest life of a token that is signed here. A retired
	// key verifies that long, and [JWKSCacheTime] and the clock skew longer.
	AccessTTL time.Duration
	// APIKeyIssuedAt fixes iat of the API keys, so that they stay the same.
	APIKeyIssuedAt time.Time
	// LegacyHS256Secret is a Supabase project's JWT secret whose tokens and API
	// keys go on being accepted here; "" = none. Nothing is signed with it.
	LegacyHS256Secret string
	Now               func() time.Time
	Log               *slog.Logger
}

// KeyRing holds this server's signing keys. It is safe for concurrent use once
// [KeyRing.Start] has returned.
type KeyRing struct {
	cfg    KeyRingConfig
	apiKey []byte // the HMAC key of the API keys
	loaded atomic.Pointer[ringSnapshot]

	mu         sync.Mutex // serialises reloads
	lastReload time.Time
}

// ringSnapshot is one state of the ring; it never changes.
type ringSnapshot struct {
	epoch   uint64 // grows with every change of the public keys
	keys    map[string]ringKey
	jwks    []byte
	stored  []StoredKey
	active  string
	private *ecdsa.PrivateKey
}

type ringKey struct {
	publicKey
	verifyUntil time.Time // zero = no end known
}

// NewKeyRing returns a ring without keys: Start loads them.
func NewKeyRing(cfg KeyRingConfig) (*KeyRing, error) {
	switch {
	case cfg.Store == nil || cfg.Now == nil:
		return nil, errors.New("key ring: Store and Now must be set")
	case cfg.Issuer == "":
		return nil, errors.New("key ring: Issuer must be set")
	case cfg.Secret.IsZero():
		return nil, errors.New("key ring: Secret must be set")
	case cfg.AccessTTL <= 0:
		return nil, errors.New("key ring: AccessTTL must be positive")
	case cfg.LegacyHS256Secret != "" && len(cfg.LegacyHS256Secret) < minSharedSecret:
		return nil, errShortSecret
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &KeyRing{cfg: cfg, apiKey: cfg.Secret.Derive("api-keys", 32)}, nil
}

// Start loads the keys, makes what is missing of the active and the standby
// key, and keeps them up to date until ctx ends. Faults: secret.ErrCannotOpen
// when the keys were sealed with another secret key.
func (r *KeyRing) Start(ctx context.Context) error {
	for _, state := range []KeyState{KeyActive, KeyStandby} {
		if err := r.ensure(ctx, state); err != nil {
			return err
		}
	}
	if err := r.Reload(ctx); err != nil {
		return err
	}
	if r.loaded.Load().private == nil {
		return errors.New("signing keys: there is no active key")
	}
	go r.follow(ctx)
	return nil
}

// ensure makes a key of this state if the store has none. When several
// replicas try, the store takes the first.
func (r *KeyRing) ensure(ctx context.Context, state KeyState) error {
	stored, err := r.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	if _, found := inState(stored, state); found {
		return nil
	}
	key, err := newSigningKey(state, r.cfg.Secret, r.cfg.Now())
	if err != nil {
		return err
	}
	added, err := r.cfg.Store.AddSigningKey(ctx, key)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	if added {
		r.cfg.Log.InfoContext(ctx, "made a signing key", "kid", key.ID, "state", state)
	}
	return nil
}

func (r *KeyRing) follow(ctx context.Context) {
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := r.Reload(ctx); err != nil && ctx.Err() == nil {
				r.cfg.Log.WarnContext(ctx, "signing keys not reloaded; the loaded ones stay in use", "error", err)
			}
		}
	}
}

// Reload reads the keys again. On failure the loaded ones stay in use.
func (r *KeyRing) Reload(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reload(ctx)
}

func (r *KeyRing) reload(ctx context.Context) error {
	r.lastReload = r.cfg.Now()
	stored, err := r.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	next, err := r.snapshot(stored, r.loaded.Load())
	if err != nil {
		return err
	}
	r.loaded.Store(next)
	return nil
}

// snapshot builds the ring's state from what is stored. Keys whose time is
// over are left out.
func (r *KeyRing) snapshot(stored []StoredKey, previous *ringSnapshot) (*ringSnapshot, error) {
	next := &ringSnapshot{keys: map[string]ringKey{}, stored: stored}
	published := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, k := range stored {
		if k.State == KeyRetired && !r.cfg.Now().Before(k.VerifyUntil) {
			continue
		}
		public, err := parseJWK(k.PublicJWK)
		if err != nil || public.kid != k.ID || public.alg != k.Alg {
			return nil, fmt.Errorf("signing key %s: the stored public key does not fit: %w", k.ID, errors.Join(err))
		}
		next.keys[k.ID] = ringKey{publicKey: public, verifyUntil: k.VerifyUntil}
		published.Keys = append(published.Keys, k.PublicJWK)
		if k.State != KeyActive {
			continue
		}
		if previous != nil && previous.active == k.ID {
			next.active, next.private = previous.active, previous.private
			continue
		}
		if next.private, err = openPrivate(k, r.cfg.Secret); err != nil {
			return nil, err
		}
		next.active = k.ID
	}
	var err error
	if next.jwks, err = json.Marshal(published); err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	next.epoch = 1
	if previous != nil {
		next.epoch = previous.epoch
		if string(previous.jwks) != string(next.jwks) {
			next.epoch++
		}
	}
	return next, nil
}

// Ready returns nil once the ring can sign, and ErrNotReady until then.
func (r *KeyRing) Ready() error {
	if s := r.loaded.Load(); s == nil || s.private == nil {
		return ErrNotReady
	}
	return nil
}

// Issuer returns the iss of the tokens that the ring signs.
func (r *KeyRing) Issuer() string { return r.cfg.Issuer }

// Sign returns a token with these claims. What is zero is filled in: Issuer is
// ours, Audience and Role are "authenticated", IssuedAt is now, ExpiresAt is
// AccessTTL later. KeyID, Alg and Own are ignored. Faults: ErrNotReady.
func (r *KeyRing) Sign(_ context.Context, c Claims) (string, error) {
	s := r.loaded.Load()
	if s == nil || s.private == nil {
		return "", ErrNotReady
	}
	if c.Issuer == "" {
		c.Issuer = r.cfg.Issuer
	}
	if len(c.Audience) == 0 {
		c.Audience = []string{Audience}
	}
	if c.Role == "" {
		c.Role = RoleAuthenticated
	}
	if c.IssuedAt.IsZero() {
		c.IssuedAt = r.cfg.Now()
	}
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = c.IssuedAt.Add(r.cfg.AccessTTL)
	}
	return sign(jwt.SigningMethodES256, s.active, s.private, toSign(c))
}

func sign(method jwt.SigningMethod, kid string, key any, claims jwt.Claims) (string, error) {
	t := jwt.NewWithClaims(method, claims)
	if kid != "" {
		t.Header["kid"] = kid
	}
	signed, err := t.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// JWKS returns the published key set as JSON: the active, the standby and the
// retired keys that still verify. Do not write to it. Faults: ErrNotReady.
func (r *KeyRing) JWKS(_ context.Context) ([]byte, error) {
	s := r.loaded.Load()
	if s == nil {
		return nil, ErrNotReady
	}
	return s.jwks, nil
}

// List returns all keys, oldest first, as stored now, without private halves.
func (r *KeyRing) List(ctx context.Context) ([]StoredKey, error) {
	stored, err := r.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	for i := range stored {
		stored[i].PrivateSealed = nil
	}
	return stored, nil
}

// Rotate makes the standby key sign, retires the active one, and makes a new
// standby key, which it returns without its private half. Tokens of the
// retired key stay valid until they expire. Who caches our JWKS should have
// seen the standby key: leave [JWKSCacheTime] between two rotations, unless a
// key is known to be stolen. Faults: ErrRotationRaced.
func (r *KeyRing) Rotate(ctx context.Context) (StoredKey, error) {
	stored, err := r.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return StoredKey{}, fmt.Errorf("signing keys: %w", err)
	}
	active, hasActive := inState(stored, KeyActive)
	standby, hasStandby := inState(stored, KeyStandby)
	if !hasActive || !hasStandby {
		return StoredKey{}, errors.New("signing keys: the server has not been started with this database yet")
	}
	now := r.cfg.Now()
	next, err := newSigningKey(KeyStandby, r.cfg.Secret, now)
	if err != nil {
		return StoredKey{}, err
	}
	done, err := r.cfg.Store.RotateSigningKeys(ctx, Rotation{
		Retire: active.ID, Activate: standby.ID, At: now, Next: next,
		// Other replicas go on signing with it until they reload.
		VerifyUntil: now.Add(reloadInterval + r.cfg.AccessTTL + JWKSCacheTime + clockSkew),
	})
	if err != nil {
		return StoredKey{}, fmt.Errorf("rotate signing keys: %w", err)
	}
	if !done {
		return StoredKey{}, ErrRotationRaced
	}
	next.PrivateSealed = nil
	return next, r.Reload(ctx)
}

func inState(keys []StoredKey, state KeyState) (StoredKey, bool) {
	for _, k := range keys {
		if k.State == state {
			return k, true
		}
	}
	return StoredKey{}, false
}

// find returns the key of this id, reading the store again when it is unknown:
// another replica may have rotated twice since the last read.
func (r *KeyRing) find(ctx context.Context, alg, kid string) (publicKey, error) {
	key, err := r.lookup(alg, kid)
	if !errors.Is(err, ErrUnknownKey) {
		return key, err
	}
	r.mu.Lock()
	if r.cfg.Now().Sub(r.lastReload) >= reloadSpacing {
		if reloadErr := r.reload(ctx); reloadErr != nil {
			r.cfg.Log.WarnContext(ctx, "signing keys not reloaded; the loaded ones stay in use", "error", reloadErr)
		}
	}
	r.mu.Unlock()
	return r.lookup(alg, kid)
}

func (r *KeyRing) lookup(alg, kid string) (publicKey, error) {
	s := r.loaded.Load()
	if s == nil {
		return publicKey{}, ErrNotReady
	}
	key, found := s.keys[kid]
	if !found || !key.verifyUntil.IsZero() && !r.cfg.Now().Before(key.verifyUntil) {
		return publicKey{}, unknownKey(alg, kid)
	}
	return key.boundTo(alg)
}

func (r *KeyRing) epoch() uint64 {
	if s := r.loaded.Load(); s != nil {
		return s.epoch
	}
	return 0
}
