package session_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tessera/identity"
	"tessera/secret"
	"tessera/session"
	"tessera/session/token"
	"tessera/store"
	"tessera/store/storetest"
)

// bench is a session service on a real database, with a clock that a test
// moves and a mailbox that it reads.
type bench struct {
	*session.Service
	db    *store.DB
	clock *clock
	mails *mailbox
}

type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

type mailbox struct {
	sync.Mutex
	sent []session.Mail
}

func (m *mailbox) Send(_ context.Context, mail session.Mail) error {
	m.Lock()
	defer m.Unlock()
	m.sent = append(m.sent, mail)
	return nil
}

func (m *mailbox) last(t *testing.T) session.Mail {
	t.Helper()
	m.Lock()
	defer m.Unlock()
	if len(m.sent) == 0 {
		t.Fatal("no mail was sent")
	}
	return m.sent[len(m.sent)-1]
}

func (m *mailbox) count() int {
	m.Lock()
	defer m.Unlock()
	return len(m.sent)
}

type noLimit struct{}

func (noLimit) Wait(context.Context, string, time.Duration) (time.Duration, error) { return 0, nil }

func each(t *testing.T, fn func(t *testing.T, b bench)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { fn(t, newBench(t, db)) })
}

func newBench(t *testing.T, db *store.DB) bench {
	t.Helper()
	key := secret.Generate()
	clock, mails := &clock{}, &mailbox{}
	const issuer = "https://tessera.example/auth/v1"
	ring, err := token.NewKeyRing(token.KeyRingConfig{
		Store: db.SigningKeys(), Secret: key, Issuer: issuer, Now: clock.Now, Log: slog.New(slog.DiscardHandler), AccessTTL: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	redirects, err := session.NewRedirects("https://tessera.example", "https://app.example", []string{"https://*.app.example/**", "myapp://callback"}, true)
	if err != nil {
		t.Fatal(err)
	}
	accounts := &identity.Service{
		Store: db.Users(), Audit: db.Audit(), Hasher: identity.NewHasher(time.Minute), InTx: db.InTx, Now: clock.Now,
		Config: identity.Config{Anonymous: true, Autoconfirm: true, PasswordMinLength: 6},
	}
	passkeys, err := identity.NewPasskeys(identity.PasskeyDeps{
		Accounts: accounts, Store: db.Passkeys(), Now: clock.Now, Config: identity.PasskeyConfig{Enabled: true}, SiteName: "Tessera",
		ExternalURL: &url.URL{Scheme: "https", Host: "tessera.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	accounts.CountPasskeys = passkeys.Count
	return bench{
		Service: &session.Service{
			Accounts: accounts, Passkeys: passkeys, Factors: &identity.Factors{Accounts: accounts, Store: db.Factors(), Sealer: key, Now: clock.Now}, Store: db.Sessions(), Codes: db.Codes(), Signer: ring, Mailer: mails, Limiter: noLimit{},
			Redirects: redirects, Keys: session.DeriveKeys(key), InTx: db.InTx, Now: clock.Now,
			Log: slog.New(slog.DiscardHandler), Issuer: issuer,
			Config: session.Config{AccessTTL: time.Hour, ReuseWindow: 10 * time.Second, MailTTL: time.Hour, SecureEmailChange: true},
		},
		db: db, clock: clock, mails: mails,
	}
}

const password = "correct-horse-9"

func (b bench) signUp(t *testing.T, email string) session.Grant {
	t.Helper()
	out, err := b.SignUp(t.Context(), email, password, nil, session.Flow{})
	if err != nil || out.Grant == nil {
		t.Fatalf("sign up %s: %v (grant %v)", email, err, out.Grant)
	}
	return *out.Grant
}

func (b bench) current(t *testing.T, g session.Grant) error {
	t.Helper()
	_, _, err := b.Current(t.Context(), token.Claims{Subject: g.User.ID.String(), SessionID: g.Session.ID.String()})
	return err
}

func TestFiftyTabsRefreshOneTokenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "tabs@example.com")
		const tabs = 50
		tokens := make([]string, tabs)
		errs := make([]error, tabs)
		var wg sync.WaitGroup
		for i := range tabs {
			wg.Go(func() {
				g, err := b.Refresh(t.Context(), grant.RefreshToken)
				tokens[i], errs[i] = g.RefreshToken, err
			})
		}
		wg.Wait()
		for i := range tabs {
			if errs[i] != nil {
				t.Fatalf("tab %d: %v", i, errs[i])
			}
			if tokens[i] != tokens[0] {
				t.Fatalf("tab %d got another token: the chain has two ends", i)
			}
		}
		sessions, err := b.Store.Sessions(t.Context(), grant.User.ID)
		if err != nil || len(sessions) != 1 {
			t.Fatalf("want one session, got %d (%v)", len(sessions), err)
		}
		if _, err := b.Refresh(t.Context(), tokens[0]); err != nil {
			t.Fatalf("the common token should go on working: %v", err)
		}
	})
}

func TestAStolenTokenReplayedAfterItsWindowPutsBothHoldersOut(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		victim := b.signUp(t, "victim@example.com")
		stolen := victim.RefreshToken
		next, err := b.Refresh(t.Context(), stolen)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(11 * time.Second)
		if _, err := b.Refresh(t.Context(), stolen); !errors.Is(err, session.ErrRefreshReused) {
			t.Fatalf("the replay should be found out, got %v", err)
		}
		if _, err := b.Refresh(t.Context(), next.RefreshToken); !errors.Is(err, session.ErrRefreshNotFound) {
			t.Errorf("the newest token should be dead too, got %v", err)
		}
		if err := b.current(t, next); !errors.Is(err, session.ErrSessionNotFound) {
			t.Errorf("the access token should be refused at once, got %v", err)
		}
	})
}

func TestAThiefInsideTheWindowSharesTheChainAndIsFoundLater(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		start := b.signUp(t, "shared@example.com")
		victim, err := b.Refresh(t.Context(), start.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		thief, err := b.Refresh(t.Context(), start.RefreshToken) // within 10 s
		if err != nil || thief.RefreshToken != victim.RefreshToken {
			t.Fatalf("the thief should get the same token: %v", err)
		}
		b.clock.Advance(time.Hour)
		if _, err := b.Refresh(t.Context(), thief.RefreshToken); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Minute)
		if _, err := b.Refresh(t.Context(), victim.RefreshToken); !errors.Is(err, session.ErrRefreshReused) {
			t.Fatalf("the second of the two should be found out, got %v", err)
		}
	})
}

func TestALateTabInsideTheWindowGetsTheNewestToken(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		r0 := b.signUp(t, "late@example.com")
		r1, err := b.Refresh(t.Context(), r0.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		r2, err := b.Refresh(t.Context(), r1.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		late, err := b.Refresh(t.Context(), r0.RefreshToken)
		if err != nil || late.RefreshToken != r2.RefreshToken {
			t.Fatalf("want the newest token, got %v (same: %v)", err, late.RefreshToken == r2.RefreshToken)
		}
	})
}

func TestRefreshTokensAreStoredAsHashes(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "hash@example.com")
		if _, err := b.Store.RefreshToken(t.Context(), []byte(grant.RefreshToken)); !errors.Is(err, session.ErrRefreshNotFound) {
			t.Fatalf("the token itself should not be in the database: %v", err)
		}
	})
}

func TestSessionLimits(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Config.InactivityTimeout = time.Hour
		idle := b.signUp(t, "idle@example.com")
		b.clock.Advance(2 * time.Hour)
		if _, err := b.Refresh(t.Context(), idle.RefreshToken); !errors.Is(err, session.ErrSessionExpired) {
			t.Errorf("an idle session should be over, got %v", err)
		}
		b.Config.InactivityTimeout, b.Config.Timebox = 0, time.Hour
		boxed, err := b.SignInWithPassword(t.Context(), "idle@example.com", password)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Hour)
		if _, err := b.Refresh(t.Context(), boxed.RefreshToken); !errors.Is(err, session.ErrSessionExpired) {
			t.Errorf("a session past its box should be over, got %v", err)
		}
		if err := b.current(t, boxed); !errors.Is(err, session.ErrSessionNotFound) {
			t.Errorf("and gone, got %v", err)
		}
	})
}

func TestScopesOfSignOut(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		first := b.signUp(t, "scopes@example.com")
		open := func() session.Grant {
			g, err := b.SignInWithPassword(t.Context(), "scopes@example.com", password)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		second, third := open(), open()
		leave := func(from session.Grant, scope session.Scope) {
			t.Helper()
			if err := b.SignOut(t.Context(), from.User, from.Session, scope); err != nil {
				t.Fatal(err)
			}
		}
		leave(first, session.ScopeLocal)
		if b.current(t, first) == nil || b.current(t, second) != nil {
			t.Error("local should end this session and no other")
		}
		leave(second, session.ScopeOthers)
		if b.current(t, second) != nil || b.current(t, third) == nil {
			t.Error("others should end all but this session")
		}
		leave(second, session.ScopeGlobal)
		if b.current(t, second) == nil {
			t.Error("global should end every session")
		}
		if err := b.SignOut(t.Context(), first.User, first.Session, "zzz"); !errors.Is(err, session.ErrScopeUnknown) {
			t.Errorf("an unknown scope should be refused, got %v", err)
		}
	})
}

func TestSignUpWithoutAutoconfirmWaitsForTheMail(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Accounts.Config.Autoconfirm = false
		out, err := b.SignUp(t.Context(), "New@Example.COM", password, map[string]any{"full_name": "N"}, session.Flow{RedirectTo: "/home"})
		if err != nil || out.Grant != nil {
			t.Fatalf("want a user and no session, got %v, %v", out, err)
		}
		if _, err := b.SignInWithPassword(t.Context(), "new@example.com", password); !errors.Is(err, identity.ErrEmailNotConfirmed) {
			t.Fatalf("an unconfirmed address should not sign in, got %v", err)
		}
		mail := b.mails.last(t)
		if mail.To != "new@example.com" || !strings.Contains(mail.Link, "/auth/confirm?") || len(mail.Code) != 6 {
			t.Fatalf("mail: %+v", mail)
		}
		redeemed, err := b.Redeem(t.Context(), session.Redemption{Type: "signup", Email: "new@example.com", Code: mail.Code})
		if err != nil || redeemed.Grant == nil || !redeemed.Grant.User.IsConfirmed() {
			t.Fatalf("redeem: %+v, %v", redeemed, err)
		}
		if _, err := b.Redeem(t.Context(), session.Redemption{Type: "signup", Email: "new@example.com", Code: mail.Code}); !errors.Is(err, session.ErrLinkInvalid) {
			t.Errorf("a code works once, got %v", err)
		}
	})
}

func TestAConfirmedAddressSignsUpAgainAndLearnsNothing(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		owner := b.signUp(t, "owner@example.com")
		b.Accounts.Config.Autoconfirm = false
		out, err := b.SignUp(t.Context(), "owner@example.com", "another-password", nil, session.Flow{})
		if err != nil || out.Grant != nil || out.User.ID == owner.User.ID || b.mails.count() != 0 {
			t.Fatalf("want a user that does not exist and no mail: %+v, %v", out.User, err)
		}
		if _, err := b.SignInWithPassword(t.Context(), "owner@example.com", password); err != nil {
			t.Errorf("the owner's password should stand: %v", err)
		}
	})
}

func TestARecoveryOfAnUnconfirmedAccountDropsItsPassword(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Accounts.Config.Autoconfirm = false
		if _, err := b.SignUp(t.Context(), "target@example.com", "attackers-choice", nil, session.Flow{}); err != nil {
			t.Fatal(err)
		}
		if err := b.Recover(t.Context(), "target@example.com", session.Flow{}); err != nil {
			t.Fatal(err)
		}
		mail := b.mails.last(t)
		if _, err := b.Redeem(t.Context(), session.Redemption{Type: "recovery", Email: mail.To, Code: mail.Code}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.SignInWithPassword(t.Context(), "target@example.com", "attackers-choice"); !errors.Is(err, identity.ErrBadCredentials) {
			t.Fatalf("a password set by who never proved the address should be gone, got %v", err)
		}
	})
}

func TestFiveWrongCodesSpendTheMail(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.signUp(t, "guess@example.com")
		if err := b.Recover(t.Context(), "guess@example.com", session.Flow{}); err != nil {
			t.Fatal(err)
		}
		mail := b.mails.last(t)
		wrong := "000000"
		if mail.Code == wrong {
			wrong = "000001"
		}
		for range 5 {
			if _, err := b.Redeem(t.Context(), session.Redemption{Type: "recovery", Email: mail.To, Code: wrong}); !errors.Is(err, session.ErrLinkInvalid) {
				t.Fatalf("a wrong code: %v", err)
			}
		}
		if _, err := b.Redeem(t.Context(), session.Redemption{Type: "recovery", Email: mail.To, Code: mail.Code}); !errors.Is(err, session.ErrLinkInvalid) {
			t.Fatalf("the right code after five wrong ones should be spent, got %v", err)
		}
	})
}

func TestOneLinkRedeemedByManyAtOnceWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.signUp(t, "once@example.com")
		if err := b.Recover(t.Context(), "once@example.com", session.Flow{}); err != nil {
			t.Fatal(err)
		}
		mail := b.mails.last(t)
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := b.Redeem(t.Context(), session.Redemption{Type: "recovery", Email: mail.To, Code: mail.Code})
				if err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of 20 redeemed it", won.Load())
		}
	})
}

func TestAChangeOfAddressNeedsBothMails(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "old@example.com")
		wanted := "new@example.org"
		user, err := b.UpdateUser(t.Context(), grant.User, grant.Session, session.Update{Email: &wanted})
		if err != nil || user.NewEmail != wanted || user.Email != "old@example.com" {
			t.Fatalf("pending change: %+v, %v", user, err)
		}
		b.mails.Lock()
		sent := append([]session.Mail(nil), b.mails.sent...)
		b.mails.Unlock()
		if len(sent) != 2 {
			t.Fatalf("want two mails, got %d", len(sent))
		}
		first, err := b.Redeem(t.Context(), session.Redemption{Type: "email_change", Email: sent[0].To, Code: sent[0].Code})
		if err != nil || !first.IsPending {
			t.Fatalf("the first confirmation should wait for the other: %+v, %v", first, err)
		}
		second, err := b.Redeem(t.Context(), session.Redemption{Type: "email_change", Email: sent[1].To, Code: sent[1].Code})
		if err != nil || second.Grant == nil || second.Grant.User.Email != wanted {
			t.Fatalf("the second should change it: %+v, %v", second, err)
		}
		if _, err := b.SignInWithPassword(t.Context(), wanted, password); err != nil {
			t.Errorf("sign in with the new address: %v", err)
		}
		if _, err := b.Accounts.Store.UserByIdentity(t.Context(), identity.EmailKey(wanted)); err != nil {
			t.Errorf("the e-mail identity should have moved along: %v", err)
		}
		if _, err := b.Accounts.Store.UserByIdentity(t.Context(), identity.EmailKey("old@example.com")); !errors.Is(err, identity.ErrUserNotFound) {
			t.Errorf("the old identity should be gone: %v", err)
		}
	})
}

func TestANewPasswordEndsOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		here := b.signUp(t, "pw@example.com")
		there, err := b.SignInWithPassword(t.Context(), "pw@example.com", password)
		if err != nil {
			t.Fatal(err)
		}
		same, next := password, "battery-staple-7"
		if _, err := b.UpdateUser(t.Context(), here.User, here.Session, session.Update{Password: &same}); !errors.Is(err, identity.ErrPasswordSame) {
			t.Errorf("the same password should be refused, got %v", err)
		}
		if _, err := b.UpdateUser(t.Context(), here.User, here.Session, session.Update{Password: &next}); err != nil {
			t.Fatal(err)
		}
		if b.current(t, here) != nil || b.current(t, there) == nil {
			t.Error("this session should stay and the other end")
		}
	})
}

func TestPKCECodes(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.signUp(t, "pkce@example.com")
		// RFC 7636, appendix B.
		const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
		challenge, err := session.ParseChallenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256")
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Recover(t.Context(), "pkce@example.com", session.Flow{Challenge: challenge}); err != nil {
			t.Fatal(err)
		}
		_, raw, _ := strings.Cut(b.mails.last(t).Link, "token=")
		tok, _, _ := strings.Cut(raw, "&")
		if !strings.HasPrefix(tok, "pkce_") {
			t.Fatalf("the link's token should carry the prefix that clients look for: %s", tok)
		}
		out, err := b.Redeem(t.Context(), session.Redemption{Type: "recovery", Token: tok, FromLink: true})
		if err != nil || out.AuthCode == "" || out.Grant != nil {
			t.Fatalf("a PKCE link leads to a code: %+v, %v", out, err)
		}
		if _, err := b.Exchange(t.Context(), out.AuthCode, "a wrong verifier"); !errors.Is(err, session.ErrVerifierWrong) {
			t.Fatalf("a wrong verifier: %v", err)
		}
		if _, err := b.Exchange(t.Context(), out.AuthCode, verifier); err != nil {
			t.Fatalf("the right verifier: %v", err)
		}
		if _, err := b.Exchange(t.Context(), out.AuthCode, verifier); !errors.Is(err, session.ErrCodeNotFound) {
			t.Fatalf("a code works once: %v", err)
		}
	})
}

func TestThreeWrongVerifiersSpendACode(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		grant := b.signUp(t, "spend@example.com")
		code, err := b.IssueCode(t.Context(), grant.User, session.Challenge{Value: strings.Repeat("a", 43), Method: "plain"}, "oauth")
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := b.Exchange(t.Context(), code, "no"); !errors.Is(err, session.ErrVerifierWrong) {
				t.Fatal(err)
			}
		}
		if _, err := b.Exchange(t.Context(), code, strings.Repeat("a", 43)); !errors.Is(err, session.ErrCodeNotFound) {
			t.Fatalf("spent, got %v", err)
		}
	})
}
