package testuser_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"tessera/fault"
	"tessera/session/token"
	"tessera/store"
	"tessera/store/storetest"
	"tessera/testuser"
	"tessera/testuser/mailapitest"
	"tessera/testuser/supabasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errTooOften = fault.Declare(fault.RateLimited, "test.too_often", "Too often.", "Wait.")

const mailKey = "mk-the-configured-key"

// setting is a service on a real store, with a simulated project and Mail API.
type setting struct {
	*testuser.Service
	project *supabasetest.Server
	mail    *mailapitest.Server

	mu    sync.Mutex
	calls []testuser.Call
}

func (s *setting) audited() []testuser.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func newSetting(t *testing.T, db *store.DB) *setting {
	t.Helper()
	s := &setting{project: supabasetest.NewServer(time.Now)}
	t.Cleanup(s.project.Close)
	s.mail = mailapitest.New(mailapitest.Config{Key: mailKey, Domains: []string{"mail.example", "other.example"}, Now: time.Now})
	s.Service = s.replica(t, db)
	return s
}

// replica returns one more service on the same store and project.
func (s *setting) replica(t *testing.T, db *store.DB) *testuser.Service {
	t.Helper()
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Trusted: []token.IssuerConfig{token.SupabaseIssuer(s.project.ProjectURL(), "")}, Now: time.Now,
		HTTP: s.project.HTTP.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &testuser.Service{
		Config: testuser.Config{Prefixes: []string{"gymbro-test", "load"}, MailDomain: "test.tessera.example"},
		IsOn:   true,
		Store:  db.TestUsers(),
		Auth:   s.auth(s.project.ServiceRoleKey),
		Accept: func(ctx context.Context, raw string) (testuser.Accepted, error) {
			claims, err := verifier.Verify(ctx, raw)
			return testuser.Accepted{Subject: claims.Subject, IsAnonymous: claims.IsAnonymous}, err
		},
		Limit: func(context.Context, string) error { return nil },
		Audit: func(_ context.Context, call testuser.Call) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.calls = append(s.calls, call)
			return nil
		},
		Now: time.Now,
	}
}

func (s *setting) auth(serviceRoleKey string) *testuser.AuthServer {
	return testuser.NewAuthServer(testuser.AuthServerConfig{
		URL: s.project.Name(), AnonKey: s.project.AnonKey, ServiceRoleKey: serviceRoleKey,
		Transport: s.project.HTTP.Client().Transport, Now: time.Now,
	})
}

func (s *setting) useMail(t *testing.T, change func(*testuser.MailAPIConfig)) {
	t.Helper()
	server := httptest.NewServer(s.mail)
	t.Cleanup(server.Close)
	cfg := testuser.MailAPIConfig{URL: server.URL, Key: mailKey, Expiry: time.Hour}
	change(&cfg)
	s.Mail = testuser.NewMailAPI(cfg, server.Client().Transport)
}

func create(t *testing.T, s *testuser.Service, r testuser.Request) testuser.Session {
	t.Helper()
	got, err := s.Create(t.Context(), r)
	if err != nil {
		t.Fatalf("create %+v: %v", r, err)
	}
	return got
}

func wantFault(t *testing.T, what string, err error, want *fault.Fault, says string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %s", what, err, want.Code)
		return
	}
	f := fault.From(err)
	if !strings.Contains(f.Message, says) || f.Hint == "" {
		t.Errorf("%s: message %q, hint %q; want %q in the message and a hint", what, f.Message, f.Hint, says)
	}
}

func TestNamesAndNumbers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSetting(t, db)
		for i, step := range []struct {
			prefix   string
			forceNew bool
			username string
			reused   bool
		}{
			{"gymbro-test", false, "gymbro-test-01", false},
			{"gymbro-test", false, "gymbro-test-01", true},
			{"gymbro-test-01", false, "gymbro-test-01", true},
			{"gymbro-test-1", false, "gymbro-test-01", true},
			{"gymbro-test", true, "gymbro-test-02", false},
			{"gymbro-test-01", true, "gymbro-test-03", false},
			{"gymbro-test-17", false, "gymbro-test-17", false},
			{"gymbro-test", true, "gymbro-test-18", false},
			{"gymbro-test", false, "gymbro-test-01", true},
			{"load", false, "load-01", false},
			{"load", false, "load-01", true},
			{"gymbro-test-1000", false, "gymbro-test-1000", false},
		} {
			got := create(t, s.Service, testuser.Request{Prefix: step.prefix, ForceNew: step.forceNew})
			if got.Username != step.username || got.Reused != step.reused || got.Email != step.username+"@test.tessera.example" ||
				got.Password == "" || got.AccessToken == "" || got.RefreshToken == "" || got.TokenType != "bearer" ||
				time.Until(got.ExpiresAt) < 50*time.Minute {
				t.Errorf("step %d %+v: got %+v", i, step, got)
			}
		}
		emails := s.project.Emails()
		slices.Sort(emails)
		if len(emails) != 7 || len(slices.Compact(emails)) != 7 {
			t.Errorf("accounts: %v", emails)
		}
		for _, bad := range []string{
			"", "-01", "gymbro", "gymbro-test-", "gymbro-test-00", "gymbro-test-99999", "gymbro-test-x", "gymbro-test--1",
			"gymbro-test-+1", "GYMBRO-TEST", "gymbro-test-01-02", "admin", "gymbro-test-01 ", strings.Repeat("x", 5000),
		} {
			_, err := s.Create(t.Context(), testuser.Request{Prefix: bad})
			wantFault(t, fmt.Sprintf("prefix %.30q", bad), err, testuser.ErrPrefixNotAllowed, "not allowed")
			if f := fault.From(err); len(f.Fields) != 1 || f.Fields[0].Name != "username_prefix" {
				t.Errorf("%.30q: fields %v", bad, f.Fields)
			}
		}
	})
}

func TestThePasswordIsSetEachTimeAndWorks(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	first := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	second := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	if first.Password == second.Password || first.AuthUserID != second.AuthUserID {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if s.project.Calls("create") != 1 || s.project.Calls("update") != 1 || s.project.Calls("token") != 2 {
		t.Errorf("create %d, update %d, token %d", s.project.Calls("create"), s.project.Calls("update"), s.project.Calls("token"))
	}
	listed, err := s.List(t.Context(), "admin")
	if err != nil || len(listed) != 1 || listed[0].LastUsedAt.IsZero() || listed[0].AuthUserID != first.AuthUserID {
		t.Fatalf("%+v, %v", listed, err)
	}
	fresh, err := s.Refresh(t.Context(), "admin", listed[0].ID)
	if err != nil || !fresh.Reused || fresh.Username != "gymbro-test-01" || fresh.Password == second.Password || fresh.AccessToken == "" {
		t.Errorf("refreshed: %+v, %v", fresh, err)
	}
	_, err = s.Refresh(t.Context(), "admin", uuid.New())
	wantFault(t, "refresh of nobody", err, testuser.ErrNotFound, "no such")
}

// Calls that race for one name make one user, and everyone gets credentials
// that work at that moment and a token that is accepted.
func TestCallsThatRaceMakeOneUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSetting(t, db)
		const calls = 12
		sessions := make([]testuser.Session, calls)
		var wg sync.WaitGroup
		for i := range sessions {
			wg.Go(func() {
				var err error
				if sessions[i], err = s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if emails := s.project.Emails(); len(emails) != 1 {
			t.Fatalf("%d calls made %v", calls, emails)
		}
		fresh := 0
		for _, got := range sessions {
			if got.Username != "gymbro-test-01" || got.AccessToken == "" {
				t.Errorf("%+v", got)
			}
			if !got.Reused {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d of %d say that they made the user", fresh, calls)
		}
	})
}

func TestForcedCallsThatRaceMakeAUserEach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSetting(t, db)
		const calls = 8
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				if _, err := s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test", ForceNew: true}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		emails := s.project.Emails()
		slices.Sort(emails)
		if len(slices.Compact(emails)) != calls {
			t.Errorf("%d forced calls made %v", calls, emails)
		}
	})
}

// Two replicas have no memory in common: the row and the auth server's unique
// address keep it to one user.
func TestReplicasThatRaceMakeOneUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSetting(t, db)
		var wg sync.WaitGroup
		for range 4 {
			replica := s.replica(t, db)
			wg.Go(func() {
				got, err := replica.Create(t.Context(), testuser.Request{Prefix: "gymbro-test"})
				if err != nil || got.Username != "gymbro-test-01" {
					// The password of one replica may be replaced by another's over and
					// over; three tries do not always suffice, but nothing else may fail.
					if !strings.Contains(fmt.Sprint(err), "Invalid login credentials") {
						t.Errorf("%+v, %v", got, err)
					}
				}
			})
		}
		wg.Wait()
		if emails := s.project.Emails(); len(emails) != 1 {
			t.Errorf("accounts %v", emails)
		}
		got := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
		if !got.Reused {
			t.Errorf("%+v", got)
		}
	})
}

func TestAnAccountDeletedAtTheAuthServerIsMadeAgain(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	first := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	s.project.DeleteUser(first.Email)
	second := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	if second.Reused || second.Username != first.Username || second.Email != first.Email || second.AuthUserID == first.AuthUserID {
		t.Errorf("first %+v, second %+v", first, second)
	}
	third := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	if !third.Reused || third.AuthUserID != second.AuthUserID {
		t.Errorf("third %+v", third)
	}
}

// A crash between making the account and writing it down: the account is found
// again by its mark. Somebody else's account of that address is left alone.
func TestOnlyOurOwnAccountsAreAdopted(t *testing.T) {
	db := storetest.SQLite(t)
	s := newSetting(t, db)
	first := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	users, err := db.TestUsers().TestUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	forgotten := users[0]
	forgotten.AuthUserID = ""
	if saved, err := db.TestUsers().SaveTestUser(t.Context(), users[0], forgotten); err != nil || !saved {
		t.Fatalf("%v, %v", saved, err)
	}
	again := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	if !again.Reused || again.AuthUserID != first.AuthUserID {
		t.Errorf("first %+v, again %+v", first, again)
	}

	id := s.project.AddUser("gymbro-test-02@test.tessera.example", "a person's own password")
	_, err = s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test-02"})
	wantFault(t, "a stranger's address", err, testuser.ErrAddressTaken, "not a test user")
	if id == "" || s.project.Calls("update") != 1 {
		t.Error("the stranger's account was changed")
	}
}

func TestMailboxes(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	s.useMail(t, func(*testuser.MailAPIConfig) {})
	got := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	if got.Email != "gymbro-test-01@mail.example" {
		t.Errorf("%+v", got)
	}
	boxes := s.mail.Mailboxes()
	if len(boxes) != 1 || boxes[0].ExpiresAt.Sub(boxes[0].CreatedAt) != time.Hour {
		t.Errorf("%+v", boxes)
	}
	create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	if len(s.mail.Mailboxes()) != 1 {
		t.Error("reusing a user took another mailbox")
	}
	s.useMail(t, func(c *testuser.MailAPIConfig) { c.Domain, c.Key = "other.example", "" })
	own := create(t, s.Service, testuser.Request{Prefix: "gymbro-test-02", MailAPIKey: mailKey})
	if own.Email != "gymbro-test-02@other.example" {
		t.Errorf("%+v", own)
	}
	// The name is taken by a mailbox of an earlier time: a few letters more.
	s.useMail(t, func(*testuser.MailAPIConfig) {})
	s.project.DeleteUser(got.Email)
	fresh := newSetting(t, storetest.SQLite(t))
	fresh.mail = s.mail
	fresh.useMail(t, func(*testuser.MailAPIConfig) {})
	other := create(t, fresh.Service, testuser.Request{Prefix: "gymbro-test"})
	if !strings.HasPrefix(other.Email, "gymbro-test-01-") || !strings.HasSuffix(other.Email, "@mail.example") {
		t.Errorf("%+v", other)
	}
}

func TestFailuresOfTheMailAPISayWhatToDo(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	attempt := func(r testuser.Request) error {
		r.Prefix = "gymbro-test"
		_, err := s.Create(t.Context(), r)
		return err
	}
	s.useMail(t, func(c *testuser.MailAPIConfig) { c.Key = "" })
	wantFault(t, "no key", attempt(testuser.Request{}), testuser.ErrMailKeyMissing, "needs a key")
	err := attempt(testuser.Request{MailAPIKey: "mk-wrong"})
	wantFault(t, "wrong key", err, testuser.ErrMailKeyRefused, "invalid API key")
	if strings.Contains(err.Error(), "mk-wrong") {
		t.Error("the error shows the key")
	}
	wantFault(t, "a key that no header carries", attempt(testuser.Request{MailAPIKey: "a\r\nb"}), fault.ErrValidation, "")
	for name, answer := range map[string]func(http.ResponseWriter){
		"answered 500": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"not JSON":     func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) },
		"no domain":    func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"emailDomains":""}`)) },
	} {
		s.mail.Fail(answer)
		wantFault(t, name, attempt(testuser.Request{MailAPIKey: mailKey}), testuser.ErrMailAPIFailed, name)
	}
	s.useMail(t, func(c *testuser.MailAPIConfig) { c.Domain = "mail.example" })
	for name, answer := range map[string]string{
		"no address": `{}`, "no domain in it": `{"email":"x"}`, "header in it": `{"email":"x@y.z\r\nBcc: a@b.c"}`,
	} {
		s.mail.Fail(func(w http.ResponseWriter) { _, _ = w.Write([]byte(answer)) })
		wantFault(t, name, attempt(testuser.Request{}), testuser.ErrMailAPIFailed, "usable address")
	}
	s.useMail(t, func(c *testuser.MailAPIConfig) { c.URL = "http://127.0.0.1:1" })
	wantFault(t, "nobody there", attempt(testuser.Request{}), testuser.ErrMailAPIFailed, "did not answer")
	if len(s.project.Emails()) != 0 {
		t.Error("a user was made without a mailbox")
	}
	s.Mail = nil
	if got := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"}); got.Username != "gymbro-test-01" {
		t.Errorf("after the failures: %+v", got)
	}
}

func TestFailuresOfTheAuthServerSayWhatToDo(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	attempt := func() error {
		_, err := s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test"})
		return err
	}
	s.Auth = s.auth("")
	wantFault(t, "no service role key", attempt(), testuser.ErrServiceRoleKeyMissing, "not configured")
	s.Auth = s.auth(s.project.AnonKey)
	wantFault(t, "the wrong key", attempt(), testuser.ErrServiceRoleKeyRefused, "User not allowed")
	s.Auth = s.auth(s.project.ServiceRoleKey)
	for name, c := range map[string]struct {
		says   string
		answer func(http.ResponseWriter)
	}{
		"its own reason, new": {"Password too weak (weak_password)", body(422, `{"code":"weak_password","message":"Password too weak"}`)},
		"its own reason, old": {"Signups not allowed (signup_disabled)", body(422, `{"code":422,"error_code":"signup_disabled","msg":"Signups not allowed"}`)},
		"OAuth's form":        {"expired (status 400)", body(400, `{"error":"invalid_grant","error_description":"expired"}`)},
		"a gateway's page":    {"Bad Gateway", body(502, `<html>secret internals</html>`)},
		"a long reason":       {"…", body(500, `{"msg":"`+strings.Repeat("long ", 400)+`"}`)},
		"200 with a page":     {"not JSON", body(200, `<html>`)},
		"200 with nothing":    {"without the user's id", body(200, `{}`)},
	} {
		s.project.Fail(c.answer)
		err := attempt()
		wantFault(t, name, err, testuser.ErrAuthServerRefused, c.says)
		if m := fault.From(err).Message; len(m) > 500 || strings.Contains(m, "internals") {
			t.Errorf("%s: %s", name, m)
		}
	}
	s.project.Fail(func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "7")
		body(429, `{"code":"over_request_rate_limit","message":"Request rate limit reached"}`)(w)
	})
	if f := fault.From(attempt()); f.RetryAfter != 7*time.Second {
		t.Errorf("retry after %v", f.RetryAfter)
	}
	s.project.Fail(nil)
	accept := s.Accept
	s.Accept = func(context.Context, string) (testuser.Accepted, error) {
		return testuser.Accepted{}, token.ErrUnknownIssuer
	}
	wantFault(t, "a token that we refuse", attempt(), testuser.ErrTokenNotAccepted, "does not trust")
	s.Accept = func(context.Context, string) (testuser.Accepted, error) {
		return testuser.Accepted{Subject: "another"}, nil
	}
	wantFault(t, "a token of another user", attempt(), testuser.ErrTokenNotAccepted, "another user")
	s.Accept = accept
	s.project.Close()
	wantFault(t, "nobody there", attempt(), testuser.ErrAuthServerUnreachable, "did not answer")
}

func body(status int, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

func TestAnonymous(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	var anonymous bool
	accept := s.Accept
	s.Accept = func(ctx context.Context, raw string) (testuser.Accepted, error) {
		got, err := accept(ctx, raw)
		anonymous = got.IsAnonymous
		return got, err
	}
	got, err := s.Anonymous(t.Context(), "admin")
	if err != nil || got.AccessToken == "" || got.Email != "" || got.Password != "" || !anonymous {
		t.Errorf("%+v, anonymous %v, %v", got, anonymous, err)
	}
	s.project.DisableAnonymous()
	_, err = s.Anonymous(t.Context(), "admin")
	wantFault(t, "disabled there", err, testuser.ErrAuthServerRefused, "Anonymous sign-ins are disabled")
}

func TestGuardRails(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	limited := ""
	s.Limit = func(_ context.Context, caller string) error {
		limited = caller
		return errTooOften.After(time.Minute)
	}
	_, err := s.Create(t.Context(), testuser.Request{Caller: "admin-1", Prefix: "gymbro-test"})
	wantFault(t, "limited", err, errTooOften, "")
	if limited != "admin-1" {
		t.Errorf("the limit was asked about %q", limited)
	}
	if _, err := s.List(t.Context(), "admin-1"); err != nil {
		t.Errorf("listing is not limited: %v", err)
	}
	s.IsOn = false
	_, createErr := s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test"})
	_, refreshErr := s.Refresh(t.Context(), "a", uuid.New())
	_, anonymousErr := s.Anonymous(t.Context(), "a")
	_, listErr := s.List(t.Context(), "a")
	for what, err := range map[string]error{"create": createErr, "refresh": refreshErr, "anonymous": anonymousErr, "list": listErr} {
		wantFault(t, what+" while off", err, testuser.ErrDisabled, "switched off")
	}
	if len(s.project.Emails()) != 0 {
		t.Error("something was made all the same")
	}
}

func TestEveryCallIsAudited(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	got := create(t, s.Service, testuser.Request{Prefix: "gymbro-test"})
	_, _ = s.Create(t.Context(), testuser.Request{Prefix: "root"})
	_, _ = s.Refresh(t.Context(), "a", uuid.New())
	_, _ = s.Anonymous(t.Context(), "a")
	_, _ = s.List(t.Context(), "a")
	calls := s.audited()
	if len(calls) != 5 {
		t.Fatalf("%+v", calls)
	}
	want := []testuser.Call{
		{Operation: "create", Username: "gymbro-test-01", Email: got.Email, AuthUserID: got.AuthUserID, Result: "ok"},
		{Operation: "create", Username: "root", Result: "testuser.prefix_not_allowed"},
		{Operation: "refresh", Result: "testuser.not_found"},
		{Operation: "anonymous", AuthUserID: calls[3].AuthUserID, Result: "ok"},
		{Operation: "list", Result: "ok"},
	}
	if !slices.Equal(calls, want) || calls[3].AuthUserID == "" {
		t.Errorf("got  %+v\nwant %+v", calls, want)
	}
	for _, call := range calls {
		if text := fmt.Sprint(call); strings.Contains(text, got.Password) || strings.Contains(text, got.AccessToken) {
			t.Error("the audit entry holds a secret")
		}
	}
	// Without the entry nothing is handed out.
	s.Audit = func(context.Context, testuser.Call) error { return errors.New("disk full") }
	if got, err := s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test"}); err == nil || got.AccessToken != "" {
		t.Errorf("handed out without an entry: %+v", got)
	}
}

// One caller that goes away while the account is made does not fail the others.
func TestACancelledCallerDoesNotFailTheOthers(t *testing.T) {
	s := newSetting(t, storetest.SQLite(t))
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.Auth = testuser.NewAuthServer(testuser.AuthServerConfig{
		URL: s.project.Name(), AnonKey: s.project.AnonKey, ServiceRoleKey: s.project.ServiceRoleKey, Now: time.Now,
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			once.Do(func() { close(entered); <-release })
			return s.project.HTTP.Client().Transport.RoundTrip(r)
		}),
	})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := s.Create(ctx, testuser.Request{Prefix: "gymbro-test"})
		first <- err
	}()
	<-entered
	second := make(chan error, 1)
	go func() {
		_, err := s.Create(t.Context(), testuser.Request{Prefix: "gymbro-test"})
		second <- err
	}()
	cancel()
	close(release)
	if err := <-second; err != nil {
		t.Errorf("the other caller: %v", err)
	}
	if err := <-first; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the one who went away: %v", err)
	}
	if emails := s.project.Emails(); len(emails) != 1 {
		t.Errorf("accounts %v", emails)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestConfigurationIsChecked(t *testing.T) {
	good := testuser.Config{Prefixes: []string{"gymbro-test"}, MailDomain: "test.tessera.example"}
	good.Check(func(field, message string) { t.Errorf("%s: %s", field, message) })
	for field, bad := range map[string]testuser.Config{
		"prefixes":        {Prefixes: []string{"Big Name"}, MailDomain: "a.example"},
		"mail_domain":     {Prefixes: []string{"a"}, MailDomain: "no domain"},
		"mail_api.url":    {Prefixes: []string{"a"}, MailDomain: "a.example", MailAPI: testuser.MailAPIConfig{URL: "ftp://x"}},
		"mail_api.expiry": {Prefixes: []string{"a"}, MailDomain: "a.example", MailAPI: testuser.MailAPIConfig{Expiry: -1}},
	} {
		found := ""
		bad.Check(func(f, _ string) { found = f })
		if found != field {
			t.Errorf("%+v: found %q, want %q", bad, found, field)
		}
	}
	for position, want := range map[testuser.Switch][2]bool{
		testuser.On: {true, true}, testuser.Off: {false, false}, testuser.Auto: {true, false}, "": {true, false},
	} {
		if position.IsOn(false) != want[0] || position.IsOn(true) != want[1] {
			t.Errorf("%q: in development %v, in production %v", position, position.IsOn(false), position.IsOn(true))
		}
	}
}
