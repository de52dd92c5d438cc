package session_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/identity/passkeytest"
	"tessera/session"
)

const site = "https://tessera.example"

// register gives a user a passkey.
func (b bench) register(t *testing.T, user identity.User, by passkeytest.Browser) (*passkeytest.Key, identity.Passkey) {
	t.Helper()
	asked, err := b.Passkeys.BeginRegistration(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	key, credential, err := by.Create(asked.Options)
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.Passkeys.Register(t.Context(), user, identity.Answer{ChallengeID: asked.ChallengeID, Credential: credential})
	if err != nil {
		t.Fatal(err)
	}
	return key, made
}

// answer answers a sign-in.
func (b bench) answer(t *testing.T, by passkeytest.Browser, key *passkeytest.Key) identity.Answer {
	t.Helper()
	asked, err := b.Passkeys.BeginSignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, asked, by, key)
}

func sign(t *testing.T, asked identity.Asked, by passkeytest.Browser, key *passkeytest.Key) identity.Answer {
	t.Helper()
	credential, err := by.Get(asked.Options, key)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Answer{ChallengeID: asked.ChallengeID, Credential: credential}
}

func methodsOf(s session.Session) []string {
	var names []string
	for _, m := range s.AMR {
		names = append(names, m.Method)
	}
	return names
}

func TestPasskeyFromRegistrationToRemoval(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "key@example.com")
		browser := passkeytest.Browser{Origin: site, Counts: true}
		asked, err := b.Passkeys.BeginRegistration(t.Context(), grant.User)
		if err != nil {
			t.Fatal(err)
		}
		var options struct {
			RP                     struct{ ID, Name string }
			AuthenticatorSelection struct{ ResidentKey, UserVerification string }
			Attestation            string
			Timeout                int
		}
		if err := json.Unmarshal(asked.Options, &options); err != nil {
			t.Fatal(err)
		}
		if options.RP.ID != "tessera.example" || options.AuthenticatorSelection.ResidentKey != "required" ||
			options.AuthenticatorSelection.UserVerification != "preferred" || options.Attestation != "none" || options.Timeout != 300000 {
			t.Errorf("options: %s", asked.Options)
		}
		key, made := b.register(t, grant.User, browser)
		if again, err := b.Passkeys.BeginRegistration(t.Context(), grant.User); err != nil || !strings.Contains(string(again.Options), "excludeCredentials") {
			t.Errorf("what is registered is excluded: %s %v", again.Options, err)
		}

		b.clock.Advance(time.Hour)
		in, err := b.SignInWithPasskey(t.Context(), b.answer(t, browser, key))
		if err != nil || in.User.ID != grant.User.ID || in.Session.AAL != "aal1" || !in.Session.HasSecondFactor() {
			t.Fatalf("sign in: %v %+v", err, in.Session)
		}
		if !slices.Equal(methodsOf(in.Session), []string{"passkey", "mfa"}) {
			t.Errorf("methods: %v", methodsOf(in.Session))
		}
		browser.WithoutUserVerification = true
		touch, err := b.SignInWithPasskey(t.Context(), b.answer(t, browser, key))
		if err != nil || touch.Session.HasSecondFactor() || !slices.Equal(methodsOf(touch.Session), []string{"passkey"}) {
			t.Errorf("a touch is one factor: %v %+v", err, touch.Session)
		}

		named, err := b.Passkeys.Rename(t.Context(), grant.User, made.ID, "  工作电脑 ")
		if err != nil || named.FriendlyName != "工作电脑" {
			t.Errorf("%v %+v", err, named)
		}
		for _, name := range []string{"", " ", strings.Repeat("x", 121)} {
			if _, err := b.Passkeys.Rename(t.Context(), grant.User, made.ID, name); !errors.Is(err, identity.ErrPasskeyName) {
				t.Errorf("%q: %v", name, err)
			}
		}
		all, err := b.Passkeys.List(t.Context(), grant.User.ID)
		if err != nil || len(all) != 1 || all[0].FriendlyName != "工作电脑" || all[0].LastUsedAt == nil || all[0].SignCount != key.Count || !all[0].IsBackupEligible {
			t.Errorf("%v %+v", err, all)
		}
		if err := b.Passkeys.Remove(t.Context(), grant.User, made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.SignInWithPasskey(t.Context(), b.answer(t, browser, key)); !errors.Is(err, identity.ErrPasskeyRefused) {
			t.Errorf("a passkey that was removed: %v", err)
		}
	})
}

func TestPasskeyAttacks(t *testing.T) {
	browser := passkeytest.Browser{Origin: site, Counts: true}
	type scene struct {
		bench
		victim session.Grant
		key    *passkeytest.Key
		made   identity.Passkey
	}
	refusedAs := func(t *testing.T, want error, got error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("want %v, got %v", want, got)
		}
	}
	for name, attack := range map[string]func(*testing.T, scene){
		"another origin": func(t *testing.T, s scene) {
			for _, origin := range []string{"https://evil.example", "http://tessera.example", "https://tessera.example.evil.example", "https://tessera.example:8443", "null"} {
				_, err := s.SignInWithPasskey(t.Context(), s.answer(t, passkeytest.Browser{Origin: origin, Counts: true}, s.key))
				refusedAs(t, identity.ErrPasskeyRefused, err)
			}
		},
		"registered at another origin": func(t *testing.T, s scene) {
			asked, err := s.Passkeys.BeginRegistration(t.Context(), s.victim.User)
			if err != nil {
				t.Fatal(err)
			}
			_, credential, err := passkeytest.Browser{Origin: "https://evil.example"}.Create(asked.Options)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Passkeys.Register(t.Context(), s.victim.User, identity.Answer{ChallengeID: asked.ChallengeID, Credential: credential})
			refusedAs(t, identity.ErrPasskeyRefused, err)
		},
		"another relying party": func(t *testing.T, s scene) {
			_, err := s.SignInWithPasskey(t.Context(), s.answer(t, passkeytest.Browser{Origin: site, RPID: "evil.example", Counts: true}, s.key))
			refusedAs(t, identity.ErrPasskeyRefused, err)
		},
		"an answer replayed": func(t *testing.T, s scene) {
			answer := s.answer(t, browser, s.key)
			if _, err := s.SignInWithPasskey(t.Context(), answer); err != nil {
				t.Fatal(err)
			}
			_, err := s.SignInWithPasskey(t.Context(), answer)
			refusedAs(t, identity.ErrCeremonyGone, err)
			other, err := s.Passkeys.BeginSignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.SignInWithPasskey(t.Context(), identity.Answer{ChallengeID: other.ChallengeID, Credential: answer.Credential})
			refusedAs(t, identity.ErrPasskeyRefused, err)
		},
		"an answer that failed, tried again": func(t *testing.T, s scene) {
			asked, err := s.Passkeys.BeginSignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.SignInWithPasskey(t.Context(), sign(t, asked, passkeytest.Browser{Origin: "https://evil.example"}, s.key))
			refusedAs(t, identity.ErrPasskeyRefused, err)
			_, err = s.SignInWithPasskey(t.Context(), sign(t, asked, browser, s.key))
			refusedAs(t, identity.ErrCeremonyGone, err)
		},
		"one challenge, thirty at once": func(t *testing.T, s scene) {
			asked, err := s.Passkeys.BeginSignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			answer := sign(t, asked, browser, s.key)
			if n := together(30, func() error { _, err := s.SignInWithPasskey(t.Context(), answer); return err }); n != 1 {
				t.Errorf("%d were let in", n)
			}
		},
		"an expired challenge": func(t *testing.T, s scene) {
			answer := s.answer(t, browser, s.key)
			s.clock.Advance(5*time.Minute + time.Second)
			_, err := s.SignInWithPasskey(t.Context(), answer)
			refusedAs(t, identity.ErrCeremonyExpired, err)
		},
		"a challenge of another ceremony": func(t *testing.T, s scene) {
			confirm, err := s.Passkeys.BeginConfirmation(t.Context(), s.victim.User)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.SignInWithPasskey(t.Context(), sign(t, confirm, browser, s.key))
			refusedAs(t, identity.ErrCeremonyGone, err)
			signIn, err := s.Passkeys.BeginSignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			refusedAs(t, identity.ErrCeremonyGone, s.Passkeys.Confirm(t.Context(), s.victim.User, sign(t, signIn, browser, s.key)))
		},
		"a challenge of another user": func(t *testing.T, s scene) {
			thief := s.signUp(t, "thief@example.com").User
			asked, err := s.Passkeys.BeginRegistration(t.Context(), s.victim.User)
			if err != nil {
				t.Fatal(err)
			}
			_, credential, err := browser.Create(asked.Options)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Passkeys.Register(t.Context(), thief, identity.Answer{ChallengeID: asked.ChallengeID, Credential: credential})
			refusedAs(t, identity.ErrCeremonyGone, err)
		},
		"the thief's key under the victim's handle": func(t *testing.T, s scene) {
			thief := s.signUp(t, "thief@example.com").User
			theirs, _ := s.register(t, thief, browser)
			theirs.UserHandle = s.key.UserHandle
			_, err := s.SignInWithPasskey(t.Context(), s.answer(t, browser, theirs))
			refusedAs(t, identity.ErrPasskeyRefused, err)
			theirs.UserHandle, theirs.ID = s.key.UserHandle, s.key.ID
			_, err = s.SignInWithPasskey(t.Context(), s.answer(t, browser, theirs))
			refusedAs(t, identity.ErrPasskeyRefused, err)
		},
		"the thief's key confirms the victim's session": func(t *testing.T, s scene) {
			thief := s.signUp(t, "thief@example.com").User
			theirs, _ := s.register(t, thief, browser)
			asked, err := s.Passkeys.BeginConfirmation(t.Context(), s.victim.User)
			if err != nil {
				t.Fatal(err)
			}
			refusedAs(t, identity.ErrPasskeyRefused, s.Passkeys.Confirm(t.Context(), s.victim.User, sign(t, asked, browser, theirs)))
		},
		"a touch alone confirms": func(t *testing.T, s scene) {
			asked, err := s.Passkeys.BeginConfirmation(t.Context(), s.victim.User)
			if err != nil {
				t.Fatal(err)
			}
			touch := browser
			touch.WithoutUserVerification = true
			refusedAs(t, identity.ErrPasskeyRefused, s.Passkeys.Confirm(t.Context(), s.victim.User, sign(t, asked, touch, s.key)))
		},
		"the count goes back": func(t *testing.T, s scene) {
			for range 3 {
				if _, err := s.SignInWithPasskey(t.Context(), s.answer(t, browser, s.key)); err != nil {
					t.Fatal(err)
				}
			}
			s.key.Count = 1
			_, err := s.SignInWithPasskey(t.Context(), s.answer(t, browser, s.key))
			refusedAs(t, identity.ErrPasskeyCloned, err)
			s.key.Count = 0
			_, err = s.SignInWithPasskey(t.Context(), s.answer(t, passkeytest.Browser{Origin: site}, s.key))
			refusedAs(t, identity.ErrPasskeyCloned, err)
		},
		"two copies with one count, at once": func(t *testing.T, s scene) {
			s.key.Count = 7
			still := passkeytest.Browser{Origin: site}
			answers := make(chan identity.Answer, 20)
			for range 20 {
				answers <- s.answer(t, still, s.key)
			}
			if n := together(20, func() error { _, err := s.SignInWithPasskey(t.Context(), <-answers); return err }); n != 1 {
				t.Errorf("%d were let in", n)
			}
		},
		"a credential that somebody has, registered again": func(t *testing.T, s scene) {
			thief := s.signUp(t, "thief@example.com").User
			asked, err := s.Passkeys.BeginRegistration(t.Context(), thief)
			if err != nil {
				t.Fatal(err)
			}
			credential, err := browser.CreateAs(asked.Options, s.key)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Passkeys.Register(t.Context(), thief, identity.Answer{ChallengeID: asked.ChallengeID, Credential: credential})
			refusedAs(t, identity.ErrPasskeyTaken, err)
		},
		"a banned user": func(t *testing.T, s scene) {
			_, err := s.Accounts.Modify(t.Context(), s.victim.User.ID, identity.ActionModified, func(u *identity.User) error {
				until := s.clock.Now().Add(time.Hour)
				u.BannedUntil = &until
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.SignInWithPasskey(t.Context(), s.answer(t, browser, s.key))
			refusedAs(t, identity.ErrUserBanned, err)
		},
		"a deleted user": func(t *testing.T, s scene) {
			if err := s.SoftDelete(t.Context(), s.victim.User.ID); err != nil {
				t.Fatal(err)
			}
			_, err := s.SignInWithPasskey(t.Context(), s.answer(t, browser, s.key))
			refusedAs(t, identity.ErrPasskeyRefused, err)
		},
		"another user's passkey renamed and removed": func(t *testing.T, s scene) {
			thief := s.signUp(t, "thief@example.com").User
			_, err := s.Passkeys.Rename(t.Context(), thief, s.made.ID, "mine")
			refusedAs(t, identity.ErrPasskeyNotFound, err)
			refusedAs(t, identity.ErrPasskeyNotFound, s.Passkeys.Remove(t.Context(), thief, s.made.ID))
		},
		"garbage": func(t *testing.T, s scene) {
			for _, raw := range []string{`{}`, `[]`, `"x"`, `{"id":1}`, `null`, `{"id":"eA","rawId":"eA","type":"public-key","response":{}}`, strings.Repeat("x", 70<<10)} {
				asked, err := s.Passkeys.BeginSignIn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, err = s.SignInWithPasskey(t.Context(), identity.Answer{ChallengeID: asked.ChallengeID, Credential: json.RawMessage(raw)})
				refusedAs(t, identity.ErrPasskeyRefused, err)
			}
			_, err := s.SignInWithPasskey(t.Context(), identity.Answer{ChallengeID: uuid.New(), Credential: json.RawMessage(`{}`)})
			refusedAs(t, identity.ErrCeremonyGone, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, b bench) {
				victim := b.signUp(t, "victim@example.com")
				key, made := b.register(t, victim.User, browser)
				attack(t, scene{b, victim, key, made})
			})
		})
	}
}

func TestAPasskeyConfirmsAccessAlsoWithASecondFactor(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Config.ReauthenticateAfter = grace
		_, raised := b.protect(t, b.signUp(t, "both@example.com"))
		browser := passkeytest.Browser{Origin: site}
		key, _ := b.register(t, raised.User, browser)
		b.clock.Advance(time.Hour)
		user, current := b.again(t, raised)
		if ways, err := b.ProofsOf(t.Context(), user); err != nil || !slices.Equal(ways, []string{session.ProofPasskey, session.ProofTOTP}) {
			t.Errorf("ways: %v %v", ways, err)
		}
		asked, err := b.Passkeys.BeginConfirmation(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		answer := sign(t, asked, browser, key)
		if _, err := b.Confirm(t.Context(), user, current, session.Proof{Passkey: &answer}); err != nil {
			t.Fatal(err)
		}
		if user, current = b.again(t, raised); b.RequireConfirmed(user, current) != nil {
			t.Error("it confirms")
		}
		// A sign-in whose authenticator verified the person needs no app.
		in, err := b.SignInWithPasskey(t.Context(), b.answer(t, browser, key))
		if err != nil || session.RequireSecondFactor(in.User, in.Session) != nil {
			t.Errorf("%v %+v", err, in.Session)
		}
		browser.WithoutUserVerification = true
		touch, err := b.SignInWithPasskey(t.Context(), b.answer(t, browser, key))
		if err != nil || !errors.Is(session.RequireSecondFactor(touch.User, touch.Session), session.ErrSecondFactorNeeded) {
			t.Errorf("%v %+v", err, touch.Session)
		}
	})
}

func TestTenPasskeysAndNoMoreAlsoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "ten@example.com")
		browser := passkeytest.Browser{Origin: site}
		answers := make(chan identity.Answer, 14)
		for range 14 {
			asked, err := b.Passkeys.BeginRegistration(t.Context(), grant.User)
			if err != nil {
				t.Fatal(err)
			}
			_, credential, err := browser.Create(asked.Options)
			if err != nil {
				t.Fatal(err)
			}
			answers <- identity.Answer{ChallengeID: asked.ChallengeID, Credential: credential}
		}
		if n := together(14, func() error { _, err := b.Passkeys.Register(t.Context(), grant.User, <-answers); return err }); n != 10 {
			t.Errorf("%d were registered", n)
		}
		if _, err := b.Passkeys.BeginRegistration(t.Context(), grant.User); !errors.Is(err, identity.ErrTooManyPasskeys) {
			t.Errorf("an eleventh: %v", err)
		}
	})
}

func TestAPasskeyIsAWayIn(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "way@example.com")
		address := grant.User.Identities[0].ID
		if _, err := b.Accounts.Unbind(t.Context(), grant.User.ID, address); !errors.Is(err, identity.ErrLastWayIn) {
			t.Fatalf("the address alone: %v", err)
		}
		browser := passkeytest.Browser{Origin: site}
		_, first := b.register(t, grant.User, browser)
		_, second := b.register(t, grant.User, browser)
		left, err := b.Accounts.Unbind(t.Context(), grant.User.ID, address)
		if err != nil || len(left.Identities) != 0 {
			t.Fatalf("with passkeys: %v", err)
		}
		if n := together(2, func() error {
			return errors.Join(b.Passkeys.Remove(t.Context(), left, first.ID), b.Passkeys.Remove(t.Context(), left, second.ID))
		}); n != 0 {
			t.Error("both passkeys were removed")
		}
		all, err := b.Passkeys.List(t.Context(), left.ID)
		if err != nil || len(all) != 1 {
			t.Fatalf("one is left: %v %v", all, err)
		}
		if err := b.Passkeys.Remove(t.Context(), left, all[0].ID); !errors.Is(err, identity.ErrLastWayIn) {
			t.Errorf("the last one: %v", err)
		}
		if err := b.Passkeys.RemoveAnyway(t.Context(), left, all[0].ID); err != nil {
			t.Errorf("an administrator: %v", err)
		}
	})
}
