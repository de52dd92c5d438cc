package pendingauth_test

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tessera/fault"
	"tessera/identity"
	"tessera/identity/picture"
	"tessera/pendingauth"
	"tessera/provider"
	"tessera/secret"
	"tessera/session"
	"tessera/session/token"
	"tessera/store"
	"tessera/store/storetest"
)

// fakeProvider vouches for whoever the test says. The adapters themselves are
// tested against their simulators.
type fakeProvider struct {
	person    provider.Person
	err       error
	exchanges atomic.Int32
}

func (f *fakeProvider) AuthURL(_ context.Context, start provider.Start) (string, error) {
	return "https://provider.example/auth?" + url.Values{"state": {start.State}, "redirect_uri": {start.RedirectURI}}.Encode(), nil
}

func (f *fakeProvider) Exchange(context.Context, provider.Return) (provider.Person, error) {
	f.exchanges.Add(1)
	return f.person, f.err
}

// secondFactor is a second factor whose one code is "111111".
type secondFactor struct{ enabled map[uuid.UUID]bool }

var errWrongFactor = fault.Declare(fault.Forbidden, "pendingauthtest.wrong_factor", "wrong", "")

func (f secondFactor) Enabled(_ context.Context, id uuid.UUID) (bool, error) {
	return f.enabled[id], nil
}

func (f secondFactor) Verify(_ context.Context, _ uuid.UUID, code string) (bool, error) {
	if code != "111111" {
		return false, errWrongFactor
	}
	return false, nil
}

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

func (m *mailbox) code(t *testing.T) string {
	t.Helper()
	m.Lock()
	defer m.Unlock()
	if len(m.sent) == 0 {
		t.Fatal("no mail was sent")
	}
	return m.sent[len(m.sent)-1].Code
}

// album is the web: every address has a picture, unless it fails.
type album struct {
	err     error
	fetches atomic.Int32
}

func (a *album) Fetch(_ context.Context, address string) (picture.Picture, error) {
	a.fetches.Add(1)
	return picture.Picture{ContentType: "image/png", Content: []byte(address), SHA256: hex.EncodeToString([]byte(address))}, a.err
}

type noLimit struct{}

func (noLimit) Wait(context.Context, string, time.Duration) (time.Duration, error) { return 0, nil }

type bench struct {
	*pendingauth.Service
	db       *store.DB
	provider *fakeProvider
	factor   secondFactor
	mails    *mailbox
	pictures *album
	policy   *pendingauth.Policy
	offset   *atomic.Int64
}

func each(t *testing.T, fn func(t *testing.T, b bench)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { fn(t, newBench(t, db)) })
}

func newBench(t *testing.T, db *store.DB) bench {
	t.Helper()
	key := secret.Generate()
	offset := &atomic.Int64{}
	now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	ring, err := token.NewKeyRing(token.KeyRingConfig{
		Store: db.SigningKeys(), Secret: key, Issuer: "https://t.example/auth/v1", Now: now,
		Log: slog.New(slog.DiscardHandler), AccessTTL: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	redirects, err := session.NewRedirects("https://t.example", "https://t.example", nil, true)
	if err != nil {
		t.Fatal(err)
	}
	accounts := &identity.Service{
		Store: db.Users(), Audit: db.Audit(), Hasher: identity.NewHasher(time.Minute), InTx: db.InTx, Now: now,
		Config: identity.Config{Autoconfirm: true},
	}
	mails := &mailbox{}
	sessions := &session.Service{
		Accounts: accounts, Store: db.Sessions(), Codes: db.Codes(), Signer: ring, Mailer: mails, Limiter: noLimit{},
		Redirects: redirects, Keys: session.DeriveKeys(key), InTx: db.InTx, Now: now, Log: slog.New(slog.DiscardHandler),
		Issuer: "https://t.example/auth/v1", Config: session.Config{AccessTTL: time.Hour, ReuseWindow: 10 * time.Second, MailTTL: time.Hour},
	}
	b := bench{
		db: db, mails: mails, pictures: &album{}, offset: offset, policy: &pendingauth.Policy{Sources: map[string]pendingauth.SourcePolicy{}},
		provider: &fakeProvider{person: provider.Person{Subject: "4711", Nickname: "Lin", AvatarURL: "https://p.example/a.png", Email: "lin@example.com", EmailVerified: true}},
		factor:   secondFactor{enabled: map[uuid.UUID]bool{}},
	}
	registry, err := provider.NewRegistry(provider.Entry{Name: "linuxdo", Type: "linuxdo", Provider: b.provider})
	if err != nil {
		t.Fatal(err)
	}
	b.Service = &pendingauth.Service{
		Accounts: accounts, Sessions: sessions, Sources: registry,
		SecondFactor: b.factor, Store: db.PendingAuth(), Grants: db.PendingAuth(), Mailer: mails, Sealer: key,
		Policy: func(context.Context) (pendingauth.Policy, error) { return *b.policy, nil },
		InTx:   db.InTx, Now: now, Pictures: b.pictures, CallbackURL: "https://t.example/auth/v1/callback",
	}
	sessions.Linker = b.Service
	return b
}

// arrive comes back to the callback of the one source.
func (b bench) arrive(t *testing.T, query url.Values, browser string) (pendingauth.Outcome, error) {
	t.Helper()
	return b.Finish(t.Context(), pendingauth.Arrival{Source: "linuxdo", Query: query, Browser: browser})
}

// trip goes to the provider and back.
func (b bench) trip(t *testing.T, start pendingauth.Start) (pendingauth.Outcome, error) {
	t.Helper()
	start.Source = "linuxdo"
	started, err := b.Begin(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	goTo, err := url.Parse(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	return b.arrive(t, url.Values{"state": {goTo.Query().Get("state")}, "code": {"c"}}, started.Browser)
}

func (b bench) pending(t *testing.T) string {
	t.Helper()
	out, err := b.trip(t, pendingauth.Start{RedirectTo: "/home"})
	if err != nil || out.Pending == "" {
		t.Fatalf("want a pending session: %+v, %v", out, err)
	}
	return out.Pending
}

func (b bench) owner(t *testing.T, email string) identity.User {
	t.Helper()
	user, err := b.Accounts.SignUp(t.Context(), email, "correct-horse-9", nil)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestFirstLoginCreatesAnAccountAndTheSecondIsDirect(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		done, err := b.Create(t.Context(), b.pending(t), pendingauth.Choices{AdoptNickname: true})
		if err != nil || done.Grant == nil || done.RedirectTo != "https://t.example/home" {
			t.Fatalf("create: %+v, %v", done, err)
		}
		if done.User.Nickname != "Lin" || done.User.AvatarURL != "" || done.User.Email != "" || done.User.SignupSource != "linuxdo" {
			t.Errorf("only what was chosen is taken over: %+v", done.User)
		}
		again, err := b.trip(t, pendingauth.Start{})
		if err != nil || again.Grant == nil || again.Grant.User.ID != done.User.ID {
			t.Fatalf("the second login: %+v, %v", again, err)
		}
	})
}

func TestAdoptionChoicesAreIndependent(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		for i, c := range []pendingauth.Choices{{}, {AdoptNickname: true}, {AdoptAvatar: true}, {AdoptNickname: true, AdoptAvatar: true}} {
			b.provider.person.Subject = "person-" + strconv.Itoa(i)
			done, err := b.Create(t.Context(), b.pending(t), c)
			if err != nil {
				t.Fatal(err)
			}
			if (done.User.Nickname != "") != c.AdoptNickname || (done.User.AvatarURL != "") != c.AdoptAvatar {
				t.Errorf("%+v gave %q and %q", c, done.User.Nickname, done.User.AvatarURL)
			}
		}
	})
}

func TestAttackTypingAVictimsAddressProvesNothing(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		victim := b.owner(t, "lin@example.com") // equal to what the provider says, verified
		cookie := b.pending(t)
		if _, err := b.SendCode(t.Context(), cookie, "lin@example.com"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Bind(t.Context(), cookie, pendingauth.Choices{AdoptNickname: true, AdoptAvatar: true}); !errors.Is(err, pendingauth.ErrProofMissing) {
			t.Fatalf("binding without proof: %v", err)
		}
		p, err := b.Summary(t.Context(), cookie)
		if err != nil || p.BindUserID != uuid.Nil {
			t.Fatalf("the address typed must select no account: %+v, %v", p, err)
		}
		if has, err := b.HasAccount(t.Context(), p); err != nil || has {
			t.Errorf("and nothing is told of it before it is verified: %v %v", has, err)
		}
		after, err := b.Accounts.User(t.Context(), victim.ID)
		if err != nil || len(after.Identities) != 1 {
			t.Errorf("the victim's account changed: %+v, %v", after, err)
		}
	})
}

func TestAttackBindNeedsPasswordAndSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		owner := b.owner(t, "owner@example.com")
		b.factor.enabled[owner.ID] = true
		cookie := b.pending(t)
		right := pendingauth.Credentials{Email: "owner@example.com", Password: "correct-horse-9"}
		if _, err := b.Prove(t.Context(), cookie, pendingauth.Credentials{Email: right.Email, Password: "wrong"}); !errors.Is(err, identity.ErrBadCredentials) {
			t.Fatalf("a wrong password: %v", err)
		}
		if _, err := b.Prove(t.Context(), cookie, right); !errors.Is(err, pendingauth.ErrTOTPRequired) {
			t.Fatalf("the password alone: %v", err)
		}
		if _, err := b.Bind(t.Context(), cookie, pendingauth.Choices{}); !errors.Is(err, pendingauth.ErrTOTPRequired) {
			t.Fatalf("binding without the second factor: %v", err)
		}
		right.TOTP = "111111"
		if _, err := b.Prove(t.Context(), cookie, right); err != nil {
			t.Fatal(err)
		}
		done, err := b.Bind(t.Context(), cookie, pendingauth.Choices{AdoptAvatar: true})
		if err != nil || done.User.ID != owner.ID || len(done.User.Identities) != 2 || done.User.AvatarURL == "" || done.User.Nickname != "" {
			t.Fatalf("bind: %+v, %v", done.User, err)
		}
		if done.Grant == nil || !done.Grant.Session.HasSecondFactor() {
			t.Errorf("whoever gave the second factor is asked for it again: %+v", done.Grant)
		}
	})
}

func TestAttackFiveWrongProofsEndTheGuessing(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.owner(t, "owner@example.com")
		cookie := b.pending(t)
		for range 5 {
			if _, err := b.Prove(t.Context(), cookie, pendingauth.Credentials{Email: "owner@example.com", Password: "guess"}); !errors.Is(err, identity.ErrBadCredentials) {
				t.Fatal(err)
			}
		}
		_, err := b.Prove(t.Context(), cookie, pendingauth.Credentials{Email: "owner@example.com", Password: "correct-horse-9"})
		if !errors.Is(err, pendingauth.ErrTooManyProofs) {
			t.Fatalf("the sixth try: %v", err)
		}
	})
}

func TestARequiredAddressIsVerifiedByOurOwnCode(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.policy.Sources["linuxdo"] = pendingauth.SourcePolicy{EmailRequired: true}
		cookie := b.pending(t)
		if _, err := b.Create(t.Context(), cookie, pendingauth.Choices{}); !errors.Is(err, pendingauth.ErrEmailRequired) {
			t.Fatalf("the provider's verified address is not ours: %v", err)
		}
		if _, err := b.SendCode(t.Context(), cookie, "Mine@Example.com"); err != nil {
			t.Fatal(err)
		}
		code := b.mails.code(t)
		if _, err := b.VerifyCode(t.Context(), cookie, "000000"); code != "000000" && !errors.Is(err, pendingauth.ErrCodeWrong) {
			t.Fatalf("a wrong code: %v", err)
		}
		if _, err := b.VerifyCode(t.Context(), cookie, code); err != nil {
			t.Fatal(err)
		}
		done, err := b.Create(t.Context(), cookie, pendingauth.Choices{})
		if err != nil || done.User.Email != "mine@example.com" || !done.User.IsConfirmed() || len(done.User.Identities) != 2 {
			t.Fatalf("create: %+v, %v", done.User, err)
		}
	})
}

func TestAnAddressWithAnAccountLeavesTwoWaysOut(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.owner(t, "taken@example.com")
		cookie := b.pending(t)
		verify := func(address string) pendingauth.Pending {
			if _, err := b.SendCode(t.Context(), cookie, address); err != nil {
				t.Fatal(err)
			}
			p, err := b.VerifyCode(t.Context(), cookie, b.mails.code(t))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		if has, err := b.HasAccount(t.Context(), verify("taken@example.com")); err != nil || !has {
			t.Fatalf("who reads the mail is told: %v %v", has, err)
		}
		if _, err := b.Create(t.Context(), cookie, pendingauth.Choices{}); !errors.Is(err, pendingauth.ErrEmailHasAccount) {
			t.Fatalf("no second account with that address: %v", err)
		}
		verify("free@example.com")
		if _, err := b.Create(t.Context(), cookie, pendingauth.Choices{}); err != nil {
			t.Fatalf("another address: %v", err)
		}
	})
}

func TestBindFromALiveSession(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		owner := b.owner(t, "owner@example.com")
		grant, err := b.Sessions.Start(t.Context(), owner, session.MethodPassword)
		if err != nil {
			t.Fatal(err)
		}
		start := pendingauth.Start{Bind: &pendingauth.Proof{User: owner, Session: grant.Session}}
		out, err := b.trip(t, start)
		if err != nil || !out.IsBound {
			t.Fatalf("bind: %+v, %v", out, err)
		}
		other := b.owner(t, "other@example.com")
		theirs, err := b.Sessions.Start(t.Context(), other, session.MethodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.trip(t, pendingauth.Start{Bind: &pendingauth.Proof{User: other, Session: theirs.Session}}); !errors.Is(err, identity.ErrIdentityTaken) {
			t.Errorf("an identity bound elsewhere: %v", err)
		}
		b.provider.person.Subject = "another"
		if _, err := b.Sessions.Store.EndSession(t.Context(), grant.Session.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.trip(t, start); !errors.Is(err, pendingauth.ErrProofMissing) {
			t.Errorf("the session that began it has ended: %v", err)
		}
	})
}

func TestAttackStateIsForOneBrowserAndOneUse(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		started, err := b.Begin(t.Context(), pendingauth.Start{Source: "linuxdo"})
		if err != nil {
			t.Fatal(err)
		}
		goTo, err := url.Parse(started.URL)
		if err != nil {
			t.Fatal(err)
		}
		back := url.Values{"state": {goTo.Query().Get("state")}, "code": {"c"}}
		for name, browser := range map[string]string{"no cookie": "", "another browser": "x" + started.Browser[1:]} {
			if _, err := b.arrive(t, back, browser); !errors.Is(err, pendingauth.ErrFlowUnknown) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.arrive(t, url.Values{"state": {"fixed"}, "code": {"c"}}, started.Browser); !errors.Is(err, pendingauth.ErrFlowUnknown) {
			t.Errorf("a state of the attacker's: %v", err)
		}
		if _, err := b.arrive(t, back, started.Browser); err != nil {
			t.Fatalf("the right browser: %v", err)
		}
		if _, err := b.arrive(t, back, started.Browser); !errors.Is(err, pendingauth.ErrFlowUnknown) {
			t.Errorf("the callback replayed: %v", err)
		}
	})
}

func TestAttackAnAnswerAtAnotherProvidersAddressGoesNowhere(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		started, err := b.Begin(t.Context(), pendingauth.Start{Source: "linuxdo", RedirectTo: "/home"})
		if err != nil {
			t.Fatal(err)
		}
		goTo, err := url.Parse(started.URL)
		if err != nil {
			t.Fatal(err)
		}
		if got := goTo.Query().Get("redirect_uri"); got != "https://t.example/auth/v1/callback/linuxdo" {
			t.Fatalf("the redirect URI names the source: %s", got)
		}
		back := pendingauth.Arrival{
			Source: "corp", Query: url.Values{"state": {goTo.Query().Get("state")}, "code": {"c"}}, Browser: started.Browser,
		}
		out, err := b.Finish(t.Context(), back)
		if !errors.Is(err, pendingauth.ErrMixedUp) || b.provider.exchanges.Load() != 0 || out.Pending != "" {
			t.Fatalf("the code must reach no provider: %+v, %v, %d exchanges", out, err, b.provider.exchanges.Load())
		}
		back.Source = "linuxdo"
		if _, err := b.Finish(t.Context(), back); !errors.Is(err, pendingauth.ErrFlowUnknown) {
			t.Errorf("and the flow is spent: %v", err)
		}
	})
}

func TestTimeRunsOut(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		cookie := b.pending(t)
		b.offset.Store(int64(16 * time.Minute))
		if _, err := b.Create(t.Context(), cookie, pendingauth.Choices{}); !errors.Is(err, pendingauth.ErrPendingUnknown) {
			t.Errorf("after 15 minutes: %v", err)
		}
	})
}

func TestAHundredCompletionsOfOneSessionMakeOneAccount(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.policy.Sources["linuxdo"] = pendingauth.SourcePolicy{OnSignup: pendingauth.Amount{BalanceMicros: 5}}
		cookie := b.pending(t)
		var made atomic.Int32
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				switch _, err := b.Create(t.Context(), cookie, pendingauth.Choices{}); {
				case err == nil:
					made.Add(1)
				case !errors.Is(err, pendingauth.ErrPendingUnknown):
					t.Errorf("a loser: %v", err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d of 100 completed it", made.Load())
		}
		if _, total, err := b.Accounts.Store.ListUsers(t.Context(), 0, 10); err != nil || total != 1 {
			t.Errorf("%d accounts, %v", total, err)
		}
	})
}

func TestAHundredFirstLoginsOfOneSubjectMakeOneAccount(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.policy.Sources["linuxdo"] = pendingauth.SourcePolicy{OnSignup: pendingauth.Amount{BalanceMicros: 5}}
		cookies := make([]string, 100)
		for i := range cookies {
			cookies[i] = b.pending(t)
		}
		users := make([]uuid.UUID, len(cookies))
		var wg sync.WaitGroup
		for i, cookie := range cookies {
			wg.Go(func() {
				done, err := b.Create(t.Context(), cookie, pendingauth.Choices{})
				if err != nil {
					t.Errorf("login %d: %v", i, err)
				}
				users[i] = done.User.ID
			})
		}
		wg.Wait()
		for i, id := range users {
			if id != users[0] {
				t.Fatalf("login %d ended in another account", i)
			}
		}
	})
}
