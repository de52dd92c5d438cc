package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"tessera/secret"
	"tessera/session/token"
	"tessera/store"
	"tessera/store/storetest"
)

func keyRing(t *testing.T, db *store.DB, key secret.Key) *token.KeyRing {
	t.Helper()
	ring, err := token.NewKeyRing(token.KeyRingConfig{
		Store: db.SigningKeys(), Secret: key, Issuer: "http://here/auth/v1",
		AccessTTL: time.Hour, APIKeyIssuedAt: time.Unix(1_700_000_000, 0), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func storedKey(id string, state token.KeyState) token.StoredKey {
	return token.StoredKey{
		ID: id, Alg: token.ES256, State: state, PrivateSealed: []byte("sealed " + id),
		PublicJWK: []byte(`{"kid":"` + id + `"}`), CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
}

func TestSigningKeysKeepsWhatItIsGiven(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys := db.SigningKeys()
		want := storedKey("a", token.KeyActive)
		want.ActivatedAt = want.CreatedAt
		if added, err := keys.AddSigningKey(t.Context(), want); err != nil || !added {
			t.Fatalf("added %v, %v", added, err)
		}
		got, err := keys.SigningKeys(t.Context())
		if err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		if g := got[0]; g.ID != want.ID || g.State != want.State || string(g.PrivateSealed) != string(want.PrivateSealed) ||
			string(g.PublicJWK) != string(want.PublicJWK) || !g.CreatedAt.Equal(want.CreatedAt) ||
			!g.ActivatedAt.Equal(want.ActivatedAt) || !g.RetiredAt.IsZero() || !g.VerifyUntil.IsZero() {
			t.Fatalf("got  %+v\nwant %+v", got[0], want)
		}
	})
}

func TestASecondKeyOfOneStateIsNotAdded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys := db.SigningKeys()
		// Inside one transaction: losing must leave it usable on PostgreSQL too.
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			for i, want := range []bool{true, false} {
				id := string(rune('a' + i))
				if added, err := keys.AddSigningKey(ctx, storedKey(id, token.KeyActive)); err != nil || added != want {
					t.Errorf("key %s: added %v, %v", id, added, err)
				}
			}
			_, err := keys.AddSigningKey(ctx, storedKey("c", token.KeyStandby))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := statesOf(t, db); !slices.Equal(got, []string{"active", "standby"}) {
			t.Fatalf("states %v", got)
		}
	})
}

func TestRotateIsAllOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys := db.SigningKeys()
		for id, state := range map[string]token.KeyState{"a": token.KeyActive, "s": token.KeyStandby} {
			if _, err := keys.AddSigningKey(t.Context(), storedKey(id, state)); err != nil {
				t.Fatal(err)
			}
		}
		at := time.Now().UTC().Truncate(time.Microsecond)
		r := token.Rotation{Retire: "a", Activate: "s", At: at, VerifyUntil: at.Add(time.Hour), Next: storedKey("n", token.KeyStandby)}
		for _, wrong := range []token.Rotation{
			{Retire: "s", Activate: "s", At: at, Next: r.Next},
			{Retire: "a", Activate: "gone", At: at, Next: r.Next},
			{Retire: "a", Activate: "s", At: at, Next: storedKey("a", token.KeyStandby)}, // its id is taken
		} {
			if done, err := keys.RotateSigningKeys(t.Context(), wrong); done || err != nil {
				t.Fatalf("%+v: done %v, %v", wrong, done, err)
			}
		}
		if got := statesOf(t, db); !slices.Equal(got, []string{"active", "standby"}) {
			t.Fatalf("a refused rotation left %v", got)
		}
		if done, err := keys.RotateSigningKeys(t.Context(), r); !done || err != nil {
			t.Fatalf("done %v, %v", done, err)
		}
		if done, err := keys.RotateSigningKeys(t.Context(), r); done || err != nil {
			t.Fatalf("the same rotation again: done %v, %v", done, err)
		}
		stored, err := keys.SigningKeys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range stored {
			switch k.ID {
			case "a":
				if k.State != token.KeyRetired || len(k.PrivateSealed) != 0 || !k.VerifyUntil.Equal(r.VerifyUntil) || !k.RetiredAt.Equal(at) {
					t.Errorf("retired: %+v", k)
				}
			case "s":
				if k.State != token.KeyActive || !k.ActivatedAt.Equal(at) || len(k.PrivateSealed) == 0 {
					t.Errorf("activated: %+v", k)
				}
			}
		}
	})
}

// Several replicas that start at once on an empty database agree on one pair,
// and each verifies what the others sign.
func TestReplicasStartingAtOnceShareOnePair(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const replicas = 8
		key := secret.Generate()
		rings := make([]*token.KeyRing, replicas)
		var wg sync.WaitGroup
		for i := range rings {
			rings[i] = keyRing(t, db, key)
			wg.Go(func() {
				if err := rings[i].Start(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := statesOf(t, db); !slices.Equal(got, []string{"active", "standby"}) {
			t.Fatalf("states %v", got)
		}
		verifier, err := token.NewVerifier(token.VerifierConfig{Own: rings[0], Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for i, ring := range rings {
			raw, err := ring.Sign(t.Context(), token.Claims{Subject: "u"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verifier.Verify(t.Context(), raw); err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
		}
	})
}

// Rotations that race never lose a key: each either happens whole or says that
// it did not.
func TestRotationsThatRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const replicas = 6
		key := secret.Generate()
		first := keyRing(t, db, key)
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		before, err := first.Sign(t.Context(), token.Claims{Subject: "u"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		rotated := 0
		for range replicas {
			ring := keyRing(t, db, key)
			if err := ring.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				_, err := ring.Rotate(t.Context())
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					rotated++
				} else if token.Reason(err) != "rotation_raced" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		states := statesOf(t, db)
		if rotated < 1 || len(states) != rotated+2 || states[0] != "active" || states[1] != "retired" || states[len(states)-1] != "standby" {
			t.Fatalf("%d rotations left %v", rotated, states)
		}
		verifier, err := token.NewVerifier(token.VerifierConfig{Own: first, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(t.Context(), before); err != nil {
			t.Errorf("a token from before the rotations: %v", err)
		}
		after, err := first.Sign(t.Context(), token.Claims{Subject: "u"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(t.Context(), after); err != nil {
			t.Errorf("a token from after the rotations: %v", err)
		}
	})
}

// statesOf returns the states of all keys, sorted.
func statesOf(t *testing.T, db *store.DB) []string {
	t.Helper()
	stored, err := db.SigningKeys().SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, k := range stored {
		states = append(states, string(k.State))
	}
	slices.Sort(states)
	return states
}
