package pendingauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"tessera/identity"
	"tessera/pendingauth"
	"tessera/session"
)

const linkVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

// link is an SDK client that sets out to bind: who asks, and the way back.
type link struct {
	user identity.User
	from session.Grant
	back pendingauth.Arrival
}

func (b bench) link(t *testing.T, user identity.User) link {
	t.Helper()
	from, err := b.Sessions.Start(t.Context(), user, session.MethodPassword)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(linkVerifier))
	started, err := b.Begin(t.Context(), pendingauth.Start{
		Source: "linuxdo", RedirectTo: "/app", Bind: &pendingauth.Proof{User: user, Session: from.Session},
		Challenge: session.Challenge{Value: base64.RawURLEncoding.EncodeToString(sum[:]), Method: "s256"},
	})
	if err != nil || started.Browser != "" {
		t.Fatalf("begin: %v, cookie %q", err, started.Browser)
	}
	goTo, err := url.Parse(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	return link{user, from, pendingauth.Arrival{
		Source: "linuxdo", Query: url.Values{"state": {goTo.Query().Get("state")}, "code": {"c"}}, Browser: "the-cookie-of-whoever-comes",
	}}
}

func (b bench) identities(t *testing.T, user identity.User) int {
	t.Helper()
	now, err := b.Accounts.User(t.Context(), user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return len(now.Identities)
}

func TestLinkBindsWhenItsCodeIsExchanged(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.policy.Sources["linuxdo"] = pendingauth.SourcePolicy{OnFirstBind: pendingauth.Amount{BalanceMicros: 5}}
		l := b.link(t, b.owner(t, "owner@example.com"))
		out, err := b.Finish(t.Context(), l.back)
		if err != nil || out.AuthCode == "" || out.Grant != nil || out.Pending != "" || out.IsBound || b.identities(t, l.user) != 1 {
			t.Fatalf("the trip ends in a code and nothing else: %+v, %v", out, err)
		}
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				grant, err := b.Sessions.Exchange(t.Context(), out.AuthCode, linkVerifier)
				switch {
				case err == nil:
					won.Add(1)
					if grant.User.ID != l.user.ID || len(grant.User.Identities) != 2 || grant.Session.ID == l.from.Session.ID {
						t.Errorf("a new session of the user who asked: %+v", grant.User)
					}
				case !errors.Is(err, session.ErrCodeNotFound):
					t.Errorf("a loser: %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || b.identities(t, l.user) != 2 {
			t.Errorf("%d of 20 exchanges won, %d identities", won.Load(), b.identities(t, l.user))
		}
		again, err := b.trip(t, pendingauth.Start{})
		if err != nil || again.Grant == nil || again.Grant.User.ID != l.user.ID {
			t.Errorf("it is a way in now: %+v, %v", again, err)
		}
	})
}

func TestLinkMakesAnAnonymousAccountPermanent(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Accounts.Config.Anonymous = true
		user, err := b.Accounts.SignUpAnonymously(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := b.Finish(t.Context(), b.link(t, user).back)
		if err != nil {
			t.Fatal(err)
		}
		grant, err := b.Sessions.Exchange(t.Context(), out.AuthCode, linkVerifier)
		if err != nil || grant.User.IsAnonymous || len(grant.User.Identities) != 1 {
			t.Errorf("%+v, %v", grant.User, err)
		}
	})
}

func TestAttackLink(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		attacker := b.owner(t, "attacker@example.com")
		t.Run("a victim finishes the attacker's flow", func(t *testing.T) {
			b.provider.person.Subject = "victim-1"
			out, err := b.Finish(t.Context(), b.link(t, attacker).back)
			if err != nil || out.Grant != nil || out.Pending != "" {
				t.Fatalf("nobody is signed in: %+v, %v", out, err)
			}
			// The victim's app has the code and another verifier, the attacker the
			// verifier and no code.
			for range 3 {
				if _, err := b.Sessions.Exchange(t.Context(), out.AuthCode, "x"+linkVerifier[1:]); !errors.Is(err, session.ErrVerifierWrong) {
					t.Errorf("without the verifier: %v", err)
				}
			}
			if _, err := b.Sessions.Exchange(t.Context(), out.AuthCode, linkVerifier); !errors.Is(err, session.ErrCodeNotFound) {
				t.Errorf("three wrong verifiers spend the code: %v", err)
			}
			if b.identities(t, attacker) != 1 {
				t.Error("the victim's identity was bound")
			}
		})
		t.Run("the session that asked has ended before the callback", func(t *testing.T) {
			b.provider.person.Subject = "victim-2"
			l := b.link(t, attacker)
			if _, err := b.Sessions.Store.EndSession(t.Context(), l.from.Session.ID); err != nil {
				t.Fatal(err)
			}
			if out, err := b.Finish(t.Context(), l.back); !errors.Is(err, pendingauth.ErrProofMissing) || out.AuthCode != "" {
				t.Errorf("%+v, %v", out, err)
			}
		})
		t.Run("the session that asked has ended before the exchange", func(t *testing.T) {
			b.provider.person.Subject = "victim-3"
			l := b.link(t, attacker)
			out, err := b.Finish(t.Context(), l.back)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Sessions.Store.EndSession(t.Context(), l.from.Session.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Sessions.Exchange(t.Context(), out.AuthCode, linkVerifier); !errors.Is(err, pendingauth.ErrProofMissing) || b.identities(t, attacker) != 1 {
				t.Errorf("%v", err)
			}
		})
		t.Run("the identity is another's, or becomes it on the way", func(t *testing.T) {
			b.provider.person.Subject = "victim-4"
			late := b.link(t, attacker)
			out, err := b.Finish(t.Context(), late.back)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Create(t.Context(), b.pending(t), pendingauth.Choices{}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Sessions.Exchange(t.Context(), out.AuthCode, linkVerifier); !errors.Is(err, identity.ErrIdentityTaken) {
				t.Errorf("taken on the way: %v", err)
			}
			if out, err := b.Finish(t.Context(), b.link(t, attacker).back); !errors.Is(err, identity.ErrIdentityTaken) || out.AuthCode != "" {
				t.Errorf("taken before: %+v, %v", out, err)
			}
			if b.identities(t, attacker) != 1 {
				t.Error("it was bound")
			}
		})
		t.Run("a flow of our own pages without its cookie", func(t *testing.T) {
			started, err := b.Begin(t.Context(), pendingauth.Start{Source: "linuxdo"})
			if err != nil {
				t.Fatal(err)
			}
			goTo, err := url.Parse(started.URL)
			if err != nil {
				t.Fatal(err)
			}
			for _, cookie := range []string{"", "x"} {
				back := pendingauth.Arrival{Source: "linuxdo", Query: url.Values{"state": {goTo.Query().Get("state")}, "code": {"c"}}, Browser: cookie}
				if _, err := b.Finish(t.Context(), back); !errors.Is(err, pendingauth.ErrFlowUnknown) {
					t.Errorf("cookie %q: %v", cookie, err)
				}
			}
		})
		t.Run("the callback twice", func(t *testing.T) {
			b.provider.person.Subject = "victim-5"
			l := b.link(t, attacker)
			if _, err := b.Finish(t.Context(), l.back); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Finish(t.Context(), l.back); !errors.Is(err, pendingauth.ErrFlowUnknown) {
				t.Errorf("%v", err)
			}
		})
	})
}
