package session_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"tessera/identity"
	"tessera/session"
	"tessera/session/token"
)

// again reads the user and the session as a request finds them.
func (b bench) again(t *testing.T, g session.Grant) (identity.User, session.Session) {
	t.Helper()
	user, current, err := b.Current(t.Context(), token.Claims{Subject: g.User.ID.String(), SessionID: g.Session.ID.String()})
	if err != nil {
		t.Fatal(err)
	}
	return user, current
}

// protect gives a user an authenticator app, and returns its secret and the
// session that showed it.
func (b bench) protect(t *testing.T, g session.Grant) (secret string, raised session.Grant) {
	t.Helper()
	user, current := b.again(t, g)
	made, err := b.Factors.Enroll(t.Context(), user, "", "Tessera")
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := b.Factors.Challenge(t.Context(), user.ID, made.Factor.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Factors.Answer(t.Context(), user, made.Factor.ID, challenge.ID, b.codeOf(t, made.Secret)); err != nil {
		t.Fatal(err)
	}
	if raised, err = b.Elevate(t.Context(), user, current, session.MethodTOTP); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute) // the next code is another one
	return made.Secret, raised
}

func (b bench) codeOf(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

const grace = 15 * time.Minute

func TestSensitiveChangesAskForARecentProof(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Config.ReauthenticateAfter = grace
		grant := b.signUp(t, "grace@example.com")
		user, current := b.again(t, grant)
		if err := b.RequireConfirmed(user, current); err != nil {
			t.Errorf("signing in is a proof: %v", err)
		}
		b.clock.Advance(grace)
		renewed, err := b.Refresh(t.Context(), grant.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		user, current = b.again(t, renewed)
		if err := b.RequireConfirmed(user, current); !errors.Is(err, session.ErrConfirmationNeeded) {
			t.Errorf("refreshing is no proof: %v", err)
		}
		next, wanted := "another-horse-8", "next@example.com"
		for name, u := range map[string]session.Update{"password": {Password: &next}, "address": {Email: &wanted}} {
			if _, err := b.UpdateUser(t.Context(), user, current, u); !errors.Is(err, session.ErrConfirmationNeeded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.UpdateUser(t.Context(), user, current, session.Update{Data: map[string]any{"a": 1}, Email: &user.Email}); err != nil {
			t.Errorf("metadata is not sensitive, nor the address that it has: %v", err)
		}
		if _, err := b.Confirm(t.Context(), user, current, session.Proof{Password: "wrong"}); !errors.Is(err, session.ErrPasswordWrong) {
			t.Errorf("a wrong password: %v", err)
		}
		confirmed, err := b.Confirm(t.Context(), user, current, session.Proof{Password: password})
		if err != nil {
			t.Fatal(err)
		}
		if until := b.ConfirmedUntil(confirmed); until.Sub(b.clock.Now()) > grace || until.Sub(b.clock.Now()) < grace-time.Minute {
			t.Errorf("confirmed until %v", until)
		}
		user, current = b.again(t, renewed)
		if _, err := b.UpdateUser(t.Context(), user, current, session.Update{Password: &next}); err != nil {
			t.Errorf("after confirming: %v", err)
		}
		b.Config.ReauthenticateAfter = 0
		b.clock.Advance(24 * time.Hour)
		if err := b.RequireConfirmed(user, current); err != nil {
			t.Errorf("the grace turned off: %v", err)
		}
	})
}

func TestTheMailedCodeConfirmsOnce(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Config.ReauthenticateAfter = grace
		grant := b.signUp(t, "nonce@example.com")
		b.clock.Advance(time.Hour)
		user, current := b.again(t, grant)
		ways, err := b.ProofsOf(t.Context(), user)
		if err != nil || !slices.Equal(ways, []string{session.ProofPassword, session.ProofEmail}) {
			t.Errorf("ways: %v %v", ways, err)
		}
		if err := b.Reauthenticate(t.Context(), user); err != nil {
			t.Fatal(err)
		}
		nonce := b.mails.last(t).Code
		wrong := "000000"
		if nonce == wrong {
			wrong = "000001"
		}
		if _, err := b.UpdateUser(t.Context(), user, current, session.Update{Nonce: wrong}); !errors.Is(err, session.ErrNonceWrong) {
			t.Errorf("a wrong code: %v", err)
		}
		if _, err := b.UpdateUser(t.Context(), user, current, session.Update{Nonce: nonce}); err != nil {
			t.Fatalf("the code alone confirms: %v", err)
		}
		user, current = b.again(t, grant)
		if err := b.RequireConfirmed(user, current); err != nil {
			t.Error(err)
		}
		if _, err := b.Confirm(t.Context(), user, current, session.Proof{EmailCode: nonce}); !errors.Is(err, session.ErrNonceWrong) {
			t.Errorf("the code again: %v", err)
		}
	})
}

func TestConfirmAttacks(t *testing.T) {
	for name, attack := range map[string]func(*testing.T, bench){
		"password where there is a second factor": func(t *testing.T, b bench) {
			_, raised := b.protect(t, b.signUp(t, "two@example.com"))
			b.clock.Advance(time.Hour)
			user, current := b.again(t, raised)
			for _, p := range []session.Proof{{Password: password}, {EmailCode: "123456"}, {}} {
				if _, err := b.Confirm(t.Context(), user, current, p); !errors.Is(err, session.ErrProofUnavailable) {
					t.Errorf("%+v: %v", p, err)
				}
			}
			if err := b.Reauthenticate(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			if _, err := b.UpdateUser(t.Context(), user, current, session.Update{Nonce: b.mails.last(t).Code}); !errors.Is(err, session.ErrProofUnavailable) {
				t.Errorf("nor by the SDK's nonce: %v", err)
			}
		},
		"a session without the second factor": func(t *testing.T, b bench) {
			secret, _ := b.protect(t, b.signUp(t, "low@example.com"))
			low, err := b.SignInWithPassword(t.Context(), "low@example.com", password)
			if err != nil {
				t.Fatal(err)
			}
			user, current := b.again(t, low)
			if err := b.RequireConfirmed(user, current); !errors.Is(err, session.ErrSecondFactorNeeded) {
				t.Errorf("just signed in by password: %v", err)
			}
			next := "another-horse-8"
			if _, err := b.UpdateUser(t.Context(), user, current, session.Update{Password: &next}); !errors.Is(err, session.ErrSecondFactorNeeded) {
				t.Errorf("the password: %v", err)
			}
			raised, err := b.ShowSecondFactor(t.Context(), user, current, b.codeOf(t, secret))
			if err != nil || raised.Session.AAL != "aal2" {
				t.Fatalf("%v %s", err, raised.Session.AAL)
			}
			if user, current = b.again(t, raised); b.RequireConfirmed(user, current) != nil {
				t.Error("the factor is a proof")
			}
			if _, err := b.Refresh(t.Context(), low.RefreshToken); err == nil {
				t.Error("the refresh token from before the factor leads on")
			}
		},
		"another user's mailed code": func(t *testing.T, b bench) {
			victim, thief := b.signUp(t, "victim@example.com"), b.signUp(t, "thief@example.com")
			b.clock.Advance(time.Hour)
			if err := b.Reauthenticate(t.Context(), thief.User); err != nil {
				t.Fatal(err)
			}
			user, current := b.again(t, victim)
			if _, err := b.Confirm(t.Context(), user, current, session.Proof{EmailCode: b.mails.last(t).Code}); !errors.Is(err, session.ErrNonceWrong) {
				t.Errorf("%v", err)
			}
		},
		"a code that went to the last address": func(t *testing.T, b bench) {
			grant := b.signUp(t, "before@example.com")
			if err := b.Reauthenticate(t.Context(), grant.User); err != nil {
				t.Fatal(err)
			}
			code := b.mails.last(t).Code
			if _, err := b.Accounts.SetEmail(t.Context(), grant.User.ID, "after@example.com", true); err != nil {
				t.Fatal(err)
			}
			user, current := b.again(t, grant)
			if _, err := b.Confirm(t.Context(), user, current, session.Proof{EmailCode: code}); !errors.Is(err, session.ErrNonceWrong) {
				t.Errorf("%v", err)
			}
		},
		"guessing the mailed code": func(t *testing.T, b bench) {
			grant := b.signUp(t, "guess@example.com")
			if err := b.Reauthenticate(t.Context(), grant.User); err != nil {
				t.Fatal(err)
			}
			user, current := b.again(t, grant)
			for range 5 {
				if _, err := b.Confirm(t.Context(), user, current, session.Proof{EmailCode: "x"}); err == nil {
					t.Fatal("a guess was right")
				}
			}
			if _, err := b.Confirm(t.Context(), user, current, session.Proof{EmailCode: b.mails.last(t).Code}); !errors.Is(err, session.ErrNonceWrong) {
				t.Errorf("five wrong codes spend it: %v", err)
			}
		},
		"an ended session": func(t *testing.T, b bench) {
			grant := b.signUp(t, "ended@example.com")
			user, current := b.again(t, grant)
			if _, err := b.Store.EndSession(t.Context(), current.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Confirm(t.Context(), user, current, session.Proof{Password: password}); !errors.Is(err, session.ErrSessionNotFound) {
				t.Errorf("%v", err)
			}
		},
		"another user's session": func(t *testing.T, b bench) {
			victim, thief := b.signUp(t, "victim@example.com"), b.signUp(t, "thief@example.com")
			if err := b.End(t.Context(), thief.User, victim.Session.ID); !errors.Is(err, session.ErrSessionUnknown) {
				t.Errorf("%v", err)
			}
			if err := b.current(t, victim); err != nil {
				t.Errorf("the victim's session: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, b bench) {
				b.Config.ReauthenticateAfter = grace
				attack(t, b)
			})
		})
	}
}

func TestTOTPAttacks(t *testing.T) {
	for name, attack := range map[string]func(*testing.T, bench, session.Grant, string){
		"replay within the step": func(t *testing.T, b bench, g session.Grant, secret string) {
			code := b.codeOf(t, secret)
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, code); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, code); !errors.Is(err, identity.ErrFactorCodeWrong) {
				t.Errorf("%v", err)
			}
		},
		"a step older than the last one taken": func(t *testing.T, b bench, g session.Grant, secret string) {
			older := b.codeOf(t, secret)
			b.clock.Advance(30 * time.Second)
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, b.codeOf(t, secret)); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, older); !errors.Is(err, identity.ErrFactorCodeWrong) {
				t.Errorf("%v", err)
			}
		},
		"fifty at once with one code": func(t *testing.T, b bench, g session.Grant, secret string) {
			code := b.codeOf(t, secret)
			if n := together(50, func() error { _, err := b.Factors.Verify(t.Context(), g.User.ID, code); return err }); n != 1 {
				t.Errorf("%d were let in", n)
			}
		},
		"brute force rests, longer each time": func(t *testing.T, b bench, g session.Grant, secret string) {
			for range 5 {
				if _, err := b.Factors.Verify(t.Context(), g.User.ID, "abc"); !errors.Is(err, identity.ErrFactorCodeWrong) {
					t.Fatal(err)
				}
			}
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, b.codeOf(t, secret)); !errors.Is(err, identity.ErrFactorLocked) {
				t.Errorf("the right code while it rests: %v", err)
			}
			b.clock.Advance(61 * time.Second)
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, "abc"); !errors.Is(err, identity.ErrFactorCodeWrong) {
				t.Fatal(err)
			}
			b.clock.Advance(61 * time.Second)
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, b.codeOf(t, secret)); !errors.Is(err, identity.ErrFactorLocked) {
				t.Errorf("the second rest is longer: %v", err)
			}
			b.clock.Advance(61 * time.Second)
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, b.codeOf(t, secret)); err != nil {
				t.Errorf("afterwards the owner gets in: %v", err)
			}
		},
		"brute force, all at once": func(t *testing.T, b bench, g session.Grant, _ string) {
			var looked atomic.Int32
			together(60, func() error {
				_, err := b.Factors.Verify(t.Context(), g.User.ID, "abc")
				if !errors.Is(err, identity.ErrFactorLocked) {
					looked.Add(1)
				}
				return err
			})
			if looked.Load() > 5 {
				t.Errorf("%d guesses were looked at", looked.Load())
			}
		},
		"recovery codes guessed count against the app": func(t *testing.T, b bench, g session.Grant, secret string) {
			for range 5 {
				if _, err := b.Factors.Verify(t.Context(), g.User.ID, "aaaaa-aaaaa"); !errors.Is(err, identity.ErrFactorCodeWrong) {
					t.Fatal(err)
				}
			}
			if _, err := b.Factors.Verify(t.Context(), g.User.ID, b.codeOf(t, secret)); !errors.Is(err, identity.ErrFactorLocked) {
				t.Errorf("%v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, b bench) {
				secret, raised := b.protect(t, b.signUp(t, "totp@example.com"))
				attack(t, b, raised, secret)
			})
		})
	}
}

// together runs n at once, and counts who was let in.
func together(n int, try func() error) int {
	var let atomic.Int32
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if try() == nil {
				let.Add(1)
			}
		})
	}
	wg.Wait()
	return int(let.Load())
}

func TestRecoveryCodesStandInForTheAppOnce(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "recover@example.com")
		if _, err := b.Factors.NewRecoveryCodes(t.Context(), grant.User); !errors.Is(err, identity.ErrNoSecondFactor) {
			t.Errorf("without a factor: %v", err)
		}
		_, raised := b.protect(t, grant)
		first, err := b.Factors.NewRecoveryCodes(t.Context(), raised.User)
		if err != nil || len(first) != 10 {
			t.Fatalf("%v %v", first, err)
		}
		codes, err := b.Factors.NewRecoveryCodes(t.Context(), raised.User)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Factors.Verify(t.Context(), raised.User.ID, first[0]); !errors.Is(err, identity.ErrFactorCodeWrong) {
			t.Errorf("of the set before: %v", err)
		}
		low, err := b.SignInWithPassword(t.Context(), "recover@example.com", password)
		if err != nil {
			t.Fatal(err)
		}
		user, current := b.again(t, low)
		up, err := b.ShowSecondFactor(t.Context(), user, current, " "+codes[3][:5]+codes[3][6:])
		if err != nil || up.Session.AAL != "aal2" || up.Session.AMR[0].Method != session.MethodRecovery {
			t.Fatalf("%v %+v", err, up.Session)
		}
		if _, err := b.Factors.Verify(t.Context(), user.ID, codes[3]); !errors.Is(err, identity.ErrFactorCodeWrong) {
			t.Errorf("again: %v", err)
		}
		if n := together(30, func() error { _, err := b.Factors.Verify(t.Context(), user.ID, codes[5]); return err }); n != 1 {
			t.Errorf("%d used one code at once", n)
		}
		set, err := b.Factors.RecoveryCodes(t.Context(), user.ID)
		if err != nil || set.Total != 10 || set.Left != 8 || set.CreatedAt == nil {
			t.Errorf("%+v %v", set, err)
		}
		if err := b.Factors.Remove(t.Context(), user, user.Factors[0].ID); err != nil {
			t.Fatal(err)
		}
		if set, err = b.Factors.RecoveryCodes(t.Context(), user.ID); err != nil || set.Total != 0 {
			t.Errorf("they go with the last factor: %+v %v", set, err)
		}
	})
}

func TestRenewingRecoveryCodesTogetherLeavesOneSet(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		_, raised := b.protect(t, b.signUp(t, "sets@example.com"))
		if n := together(10, func() error { _, err := b.Factors.NewRecoveryCodes(t.Context(), raised.User); return err }); n == 0 {
			t.Fatal("none was made")
		}
		if set, err := b.Factors.RecoveryCodes(t.Context(), raised.User.ID); err != nil || set.Total != 10 {
			t.Errorf("%+v %v", set, err)
		}
	})
}

func TestTheListOfSessions(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Config.Timebox = time.Hour
		old := b.signUp(t, "list@example.com")
		b.clock.Advance(30 * time.Minute)
		var newer []session.Grant
		for range 2 {
			g, err := b.SignInWithPassword(t.Context(), "list@example.com", password)
			if err != nil {
				t.Fatal(err)
			}
			newer = append(newer, g)
		}
		b.clock.Advance(45 * time.Minute)
		all, err := b.List(t.Context(), old.User)
		if err != nil || len(all) != 2 {
			t.Fatalf("what is over is not listed: %d %v", len(all), err)
		}
		if err := b.End(t.Context(), old.User, newer[0].Session.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.current(t, newer[0]); !errors.Is(err, session.ErrSessionNotFound) {
			t.Errorf("its access token: %v", err)
		}
		if err := b.End(t.Context(), old.User, newer[0].Session.ID); !errors.Is(err, session.ErrSessionUnknown) {
			t.Errorf("twice: %v", err)
		}
		if err := b.current(t, newer[1]); err != nil {
			t.Errorf("the other one: %v", err)
		}
	})
}
