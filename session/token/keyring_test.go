package token_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tessera/secret"
	"tessera/session/token"
	"tessera/session/token/tokentest"
	"tessera/store/storetest"
)

func TestSignedTokenHasGoTruesShape(t *testing.T) {
	now := newClock()
	ring := newRing(t, now)
	raw, err := ring.Sign(t.Context(), token.Claims{
		Subject: "0199", Email: "a@example.com", AAL: "aal1", SessionID: "s-1",
		AMR:          []token.Method{{Method: "password", At: now.Now()}},
		AppMetadata:  map[string]any{"provider": "email"},
		UserMetadata: nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(raw, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var kid struct{ Kid string }
	if err := json.Unmarshal(header, &kid); err != nil || kid.Kid == "" {
		t.Fatalf("header %s: %v", header, err)
	}
	if want := `{"alg":"ES256","kid":"` + kid.Kid + `","typ":"JWT"}`; string(header) != want {
		t.Errorf("header %s, want %s", header, want)
	}
	want := `{"iss":"https://tessera.test/auth/v1","sub":"0199","aud":"authenticated","exp":1795266000,"iat":1795262400,` +
		`"email":"a@example.com","phone":"","app_metadata":{"provider":"email"},"user_metadata":{},"role":"authenticated",` +
		`"aal":"aal1","amr":[{"method":"password","timestamp":1795262400}],"session_id":"s-1","is_anonymous":false}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyReturnsWhatWasSigned(t *testing.T) {
	now := newClock()
	ring := newRing(t, now)
	want := token.Claims{
		Issuer: ownIssuer, Subject: "0199", Audience: []string{"authenticated"},
		IssuedAt: now.Now(), ExpiresAt: now.Now().Add(time.Hour), Email: "a@example.com", Phone: "+49", Role: "authenticated",
		AAL: "aal2", AMR: []token.Method{{Method: "totp", At: now.Now()}, {Method: "password", At: now.Now()}},
		SessionID: "s-1", IsAnonymous: true,
		AppMetadata: map[string]any{"provider": "email"}, UserMetadata: map[string]any{"n": 1.0}, Alg: "ES256", Own: true,
	}
	raw, err := ring.Sign(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, token.VerifierConfig{Own: ring, Now: now.Now})
	for _, round := range []string{"verified", "from the cache"} {
		got, err := v.Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		want.KeyID = got.KeyID
		if diff := cmp.Diff(want, got); diff != "" || got.KeyID == "" {
			t.Errorf("%s: %s", round, diff)
		}
	}
}

func TestJWKSListsActiveAndStandbyWithoutPrivateParts(t *testing.T) {
	ring := newRing(t, newClock())
	raw, err := ring.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, k := range set.Keys {
		if k["kty"] != "EC" || k["crv"] != "P-256" || k["alg"] != "ES256" || k["use"] != "sig" || k["kid"] == "" || len(k) != 9 {
			t.Errorf("key %v", k)
		}
		if _, leaked := k["d"]; leaked {
			t.Errorf("the private part of %v is published", k["kid"])
		}
	}
}

// Signing goes on through rotations; old tokens stay valid until they expire,
// and their key then goes.
func TestRotationLogsNobodyOut(t *testing.T) {
	now := newClock()
	ring := newRing(t, now)
	v := newVerifier(t, token.VerifierConfig{Own: ring, Now: now.Now})
	sign := func() string {
		t.Helper()
		raw, err := ring.Sign(t.Context(), token.Claims{Subject: "u"})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var old []string
	for range 4 {
		old = append(old, sign())
		if _, err := ring.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fresh := sign()
	kids := map[string]bool{}
	for i, raw := range append(old, fresh) {
		claims, err := v.Verify(t.Context(), raw)
		wantFault(t, "token "+string(rune('0'+i)), err, nil)
		kids[claims.KeyID] = true
	}
	if len(kids) != 5 {
		t.Errorf("5 tokens around 4 rotations were signed with %d keys", len(kids))
	}
	// Another hour and the caches' time later, the retired keys are gone.
	now.Advance(time.Hour + token.JWKSCacheTime + time.Minute)
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw, err := ring.JWKS(t.Context())
	if err != nil || strings.Count(string(raw), `"kid"`) != 2 {
		t.Errorf("published: %s, %v", raw, err)
	}
	_, err = v.Verify(t.Context(), old[0])
	wantFault(t, "a token of a key that is gone", err, token.ErrUnknownKey)
	listed, err := ring.List(t.Context())
	if err != nil || len(listed) != 6 {
		t.Fatalf("%d keys listed, %v", len(listed), err)
	}
	for _, k := range listed {
		if k.PrivateSealed != nil {
			t.Errorf("the list holds the private half of %s", k.ID)
		}
	}
}

// A replica that has not seen two rotations reads the keys again at the first
// token that it does not know.
func TestAReplicaLearnsAnothersKeysOnDemand(t *testing.T) {
	now := newClock()
	db, key := storetest.SQLite(t), secret.Generate()
	same := func(c *token.KeyRingConfig) { c.Store, c.Secret = db.SigningKeys(), key }
	one, other := newRing(t, now, same), newRing(t, now, same)
	for range 2 {
		if _, err := one.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := one.Sign(t.Context(), token.Claims{Subject: "u"})
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, token.VerifierConfig{Own: other, Now: now.Now})
	now.Advance(2 * time.Second)
	_, err = v.Verify(t.Context(), raw)
	wantFault(t, "the other replica", err, nil)
}

func TestUnknownOwnKeysReadTheStoreAtMostOnceASecond(t *testing.T) {
	now := newClock()
	counted := &countingStore{KeyStore: storetest.SQLite(t).SigningKeys()}
	ring := newRing(t, now, func(c *token.KeyRingConfig) { c.Store = counted })
	v := newVerifier(t, token.VerifierConfig{Own: ring, Now: now.Now})
	forger := tokentest.NewIssuer("ES256")
	forger.SetURL("https://tessera.test")
	before := counted.reads
	for range 200 {
		_, err := v.Verify(t.Context(), forger.Rotate().Sign(forger.Claims("u", now.Now()), nil))
		wantFault(t, "a forged token", err, token.ErrUnknownKey)
	}
	now.Advance(time.Second)
	_, err := v.Verify(t.Context(), forger.Token("u", now.Now()))
	wantFault(t, "a forged token", err, token.ErrUnknownKey)
	if reads := counted.reads - before; reads > 1 {
		t.Errorf("201 forged tokens read the store %d times in two seconds", reads)
	}
}

// countingStore counts reads of the store below it.
type countingStore struct {
	token.KeyStore
	reads int
	fail  error
}

func (s *countingStore) SigningKeys(ctx context.Context) ([]token.StoredKey, error) {
	s.reads++
	if s.fail != nil {
		return nil, s.fail
	}
	return s.KeyStore.SigningKeys(ctx)
}

func TestADatabaseThatIsAwayStopsNeitherSigningNorVerifying(t *testing.T) {
	now := newClock()
	counted := &countingStore{KeyStore: storetest.SQLite(t).SigningKeys()}
	ring := newRing(t, now, func(c *token.KeyRingConfig) { c.Store = counted })
	v := newVerifier(t, token.VerifierConfig{Own: ring, Now: now.Now, CacheSize: -1})
	counted.fail = errors.New("connection refused")
	if err := ring.Reload(t.Context()); err == nil {
		t.Error("Reload should report that the store is away")
	}
	raw, err := ring.Sign(t.Context(), token.Claims{Subject: "u"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), raw)
	wantFault(t, "without the store", err, nil)
}

func TestAnotherSecretKeyIsRefusedAtStart(t *testing.T) {
	now := newClock()
	db := storetest.SQLite(t)
	newRing(t, now, func(c *token.KeyRingConfig) { c.Store = db.SigningKeys() })
	second, err := token.NewKeyRing(token.KeyRingConfig{
		Store: db.SigningKeys(), Secret: secret.Generate(), Issuer: ownIssuer, AccessTTL: time.Hour, Now: now.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, "Start", second.Start(t.Context()), secret.ErrCannotOpen)
	wantFault(t, "Ready", second.Ready(), token.ErrNotReady)
	_, err = second.Sign(t.Context(), token.Claims{Subject: "u"})
	wantFault(t, "Sign", err, token.ErrNotReady)
}

func TestAPIKeysAreStableAndHaveNoSubject(t *testing.T) {
	now := newClock()
	db, key := storetest.SQLite(t), secret.Generate()
	issued := now.Now().Add(-time.Hour)
	same := func(c *token.KeyRingConfig) { c.Store, c.Secret, c.APIKeyIssuedAt = db.SigningKeys(), key, issued }
	ring, again := newRing(t, now, same), newRing(t, now, same)
	v := newVerifier(t, token.VerifierConfig{Own: ring, Now: now.Now})
	for _, role := range []string{token.RoleAnon, token.RoleServiceRole} {
		raw, err := ring.APIKey(role)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := again.APIKey(role); err != nil || second != raw {
			t.Errorf("%s: the key changed with a restart", role)
		}
		claims, err := v.Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if claims.Role != role || claims.Subject != "" || !claims.Own || claims.KeyID != "api" || !claims.IsAPIKey() ||
			claims.IsServiceRole() != (role == token.RoleServiceRole) {
			t.Errorf("%s: %+v", role, claims)
		}
		body, _ := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
		if want := `{"iss":"` + ownIssuer + `","role":"` + role + `","iat":1795258800,"exp":2110878000}`; string(body) != want {
			t.Errorf("body %s, want %s", body, want)
		}
	}
	if _, err := ring.APIKey("postgres"); err == nil {
		t.Error("a key for another role was made")
	}
	other := newRing(t, now)
	foreign, err := other.APIKey(token.RoleServiceRole)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), foreign)
	wantFault(t, "another installation's API key", err, token.ErrBadSignature)
}

func TestLegacySecretGoesOnVerifying(t *testing.T) {
	now := newClock()
	legacy := "a-supabase-projects-jwt-secret-of-old"
	ring := newRing(t, now, func(c *token.KeyRingConfig) { c.LegacyHS256Secret = legacy })
	v := newVerifier(t, token.VerifierConfig{Own: ring, Now: now.Now})
	without := newVerifier(t, token.VerifierConfig{Own: newRing(t, now), Now: now.Now})
	exp := now.Now().Add(time.Hour).Unix()
	user := map[string]any{"sub": "u", "aud": "authenticated", "role": "authenticated", "exp": exp}
	for name, claims := range map[string]map[string]any{
		"service key":           {"iss": "supabase", "role": "service_role", "exp": exp},
		"self-hosted anon key":  {"iss": "supabase-demo", "role": "anon", "exp": exp},
		"user, no issuer":       user,
		"user, our issuer":      {"iss": ownIssuer, "sub": "u", "aud": "authenticated", "exp": exp},
		"user, unusual key ids": user,
	} {
		header := map[string]any{}
		if name == "user, unusual key ids" {
			header["kid"] = "legacy-kid-of-the-project"
		}
		got, err := v.Verify(t.Context(), tokentest.SignHS256([]byte(legacy), claims, header))
		if err != nil || !got.Own || got.Issuer != ownIssuer {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		_, err = v.Verify(t.Context(), tokentest.SignHS256([]byte(strings.Repeat("x", 32)), claims, header))
		wantFault(t, name+" with another secret", err, token.ErrBadSignature)
		if _, err = without.Verify(t.Context(), tokentest.SignHS256([]byte(legacy), claims, header)); err == nil {
			t.Errorf("%s: accepted where no legacy secret is configured", name)
		}
	}
	// Somebody else's name, and the name of our API keys, are not legacy.
	_, err := v.Verify(t.Context(), tokentest.SignHS256([]byte(legacy), map[string]any{"iss": "https://x/auth/v1", "sub": "u", "aud": "authenticated", "exp": exp}, nil))
	wantFault(t, "a foreign issuer", err, token.ErrUnknownIssuer)
	_, err = v.Verify(t.Context(), tokentest.SignHS256([]byte(legacy), map[string]any{"iss": ownIssuer, "role": "service_role", "exp": exp}, map[string]any{"kid": "api"}))
	wantFault(t, "kid api", err, token.ErrBadSignature)
}
