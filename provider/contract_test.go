package provider_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"tessera/fault"
	"tessera/provider"
	"tessera/provider/google"
	"tessera/provider/oidc"
	"tessera/provider/providertest"
	"tessera/provider/wechat"
)

// Every adapter keeps the same contract, each before its own simulator.
func TestContract(t *testing.T) {
	t.Parallel()
	for name := range adapters {
		for title, check := range contract {
			t.Run(name+"/"+title, func(t *testing.T) {
				t.Parallel()
				check(t, newRig(t, name))
			})
		}
	}
}

var contract = map[string]func(*testing.T, *rig){
	"a person signs in":                     signsIn,
	"a second person is another one":        isAnother,
	"a person without a profile signs in":   signsInWithoutProfile,
	"somebody typed in signs in":            signsInTyped,
	"cancelled":                             cancelled,
	"the callback names an error":           callbackError,
	"two codes are none":                    twoCodes,
	"no code is no sign-in":                 noCode,
	"a code works once":                     codeWorksOnce,
	"a code needs its verifier":             codeNeedsVerifier,
	"a code needs its redirect URI":         codeNeedsRedirectURI,
	"refusals":                              refusals,
	"outages":                               outages,
	"a bad profile":                         badProfile,
	"slow":                                  slow,
	"gone":                                  gone,
	"a hostile profile is tamed":            hostileProfile,
	"nothing starts without its protection": startsProtected,
	"nothing ends without its protection":   endsProtected,
	"the credentials can be tried":          credentialsTried,
	"many at once":                          manyAtOnce,
	"secrets stay out of AuthURL":           authURLHoldsNoSecret,
}

func isOIDC(r *rig) bool   { _, ok := r.adapter.(*oidc.Provider); return ok }
func isWeChat(r *rig) bool { _, ok := r.adapter.(*wechat.Provider); return ok }

func signsIn(t *testing.T, r *rig) {
	p, err := r.signIn(t, providertest.Choice{Person: "1001"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Subject == "" || p.Nickname != "林小雨" || !strings.HasPrefix(p.AvatarURL, r.sim.URL()) || strings.Contains(p.AvatarURL, "{") {
		t.Errorf("got %+v", p)
	}
	if isOIDC(r) != (p.Key != "") || isOIDC(r) && p.Key != r.sim.URL() {
		t.Errorf("the key is %q", p.Key)
	}
	for name, value := range p.Claims {
		if text, ok := value.(string); ok && strings.Contains(text, "secret") || strings.Contains(name, "token") || strings.Contains(name, "key") {
			t.Errorf("claim %s is kept: %v", name, value)
		}
	}
	again, err := r.signIn(t, providertest.Choice{Person: "1001"})
	if err != nil || again.Subject != p.Subject || again.Key != p.Key {
		t.Errorf("the second time it is %+v, %v", again, err)
	}
}

func isAnother(t *testing.T, r *rig) {
	one, err := r.signIn(t, providertest.Choice{Person: "1001"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.signIn(t, providertest.Choice{Person: "1002"})
	if err != nil || other.Subject == one.Subject {
		t.Errorf("%q and %q, %v", one.Subject, other.Subject, err)
	}
	if other.EmailVerified {
		t.Error("an address that is not verified came out as verified")
	}
}

func signsInWithoutProfile(t *testing.T, r *rig) {
	p, err := r.signIn(t, providertest.Choice{Person: "1003"})
	if err != nil || p.Subject == "" || p.Email != "" || p.EmailVerified || p.AvatarURL != "" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func signsInTyped(t *testing.T, r *rig) {
	p, err := r.signIn(t, providertest.Choice{Else: &providertest.Person{ID: "900719925474099312", Nickname: "👩‍💻 <b>王</b>", Email: "x@example.com", EmailVerified: true}})
	if err != nil || p.Nickname != "👩‍💻 <b>王</b>" {
		t.Fatalf("got %+v, %v", p, err)
	}
	// Ids pass what a float holds.
	if !isWeChat(r) && !strings.HasSuffix(p.Subject, "900719925474099312") {
		t.Errorf("the subject is %q", p.Subject)
	}
}

func cancelled(t *testing.T, r *rig) {
	if _, err := r.signIn(t, providertest.Choice{Cancel: true}); !errors.Is(err, provider.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func callbackError(t *testing.T, r *rig) {
	if _, err := r.signIn(t, providertest.Choice{Fault: "callback_error"}); !errors.Is(err, provider.ErrUnreachable) {
		t.Errorf("server_error: %v", err)
	}
	back := r.returned(t, r.flow(), providertest.Choice{})
	back.Query.Set("error", "invalid_scope\nwith a line of its own")
	_, err := r.adapter.Exchange(t.Context(), back)
	if !errors.Is(err, provider.ErrRefused) || strings.Contains(err.Error(), "\n") {
		t.Errorf("invalid_scope: %v", err)
	}
}

func twoCodes(t *testing.T, r *rig) {
	r.misbehave(t, providertest.Faults{Names: []string{"callback_code_twice"}})
	if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrUntrusted) {
		t.Errorf("got %v", err)
	}
}

func noCode(t *testing.T, r *rig) {
	back := r.returned(t, r.flow(), providertest.Choice{})
	back.Query.Set("code", "")
	if _, err := r.adapter.Exchange(t.Context(), back); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func codeWorksOnce(t *testing.T, r *rig) {
	back := r.returned(t, r.flow(), providertest.Choice{})
	if _, err := r.adapter.Exchange(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	if _, err := r.adapter.Exchange(t.Context(), back); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("the second time: %v", err)
	}
}

func codeNeedsVerifier(t *testing.T, r *rig) {
	back := r.returned(t, r.flow(), providertest.Choice{})
	back.Verifier = r.flow().Verifier
	_, err := r.adapter.Exchange(t.Context(), back)
	if isWeChat(r) { // it knows no PKCE: see the package's documentation
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	if !errors.Is(err, provider.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func codeNeedsRedirectURI(t *testing.T, r *rig) {
	back := r.returned(t, r.flow(), providertest.Choice{})
	back.RedirectURI += "/other"
	_, err := r.adapter.Exchange(t.Context(), back)
	if isWeChat(r) { // its token call names none, so there is nothing to compare
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	if !errors.Is(err, provider.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func refusals(t *testing.T, r *rig) {
	for _, name := range []string{"html", "garbage", "wrong_types", "endless", "redirect", "code_refused"} {
		r.misbehave(t, providertest.Faults{Names: []string{name}, At: []string{"token"}})
		if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.misbehave(t, providertest.Faults{Names: []string{"token_type_other"}})
	if _, err := r.signIn(t, providertest.Choice{}); !isWeChat(r) && !errors.Is(err, provider.ErrRefused) { // WeChat names no type
		t.Errorf("token_type_other: %v", err)
	}
	r.misbehave(t, providertest.Faults{Names: []string{"client_refused"}})
	if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrCredentials) {
		t.Errorf("client_refused: %v", err)
	}
	for _, seen := range r.sim.Seen() {
		if strings.Contains(seen, "/attacker/") {
			t.Errorf("a redirect was followed: %s", seen)
		}
	}
}

func outages(t *testing.T, r *rig) {
	for _, name := range []string{"status_500", "status_429", "drop"} {
		r.misbehave(t, providertest.Faults{Names: []string{name}, At: []string{"token"}})
		if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// badProfile: where the profile says who came, a bad one ends the sign-in;
// where the id_token has said it, it does not.
func badProfile(t *testing.T, r *rig) {
	for name, want := range map[string]error{
		"html": provider.ErrRefused, "garbage": provider.ErrRefused, "wrong_types": provider.ErrRefused,
		"status_500": provider.ErrUnreachable, "drop": provider.ErrUnreachable,
	} {
		r.misbehave(t, providertest.Faults{Names: []string{name}, At: []string{"userinfo"}})
		_, err := r.signIn(t, providertest.Choice{})
		if isOIDC(r) {
			want = nil
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	r.misbehave(t, providertest.Faults{Names: []string{"id_missing"}})
	if _, err := r.signIn(t, providertest.Choice{}); err == nil {
		t.Error("somebody without an id signed in")
	}
}

func slow(t *testing.T, r *rig) {
	back := r.returned(t, r.flow(), providertest.Choice{})
	r.misbehave(t, providertest.Faults{At: []string{"token"}, Delay: 20 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := r.adapter.Exchange(ctx, back)
	if !errors.Is(err, provider.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	r.holdsNoSecret(t, err, back)
}

func gone(t *testing.T, r *rig) {
	back := r.returned(t, r.flow(), providertest.Choice{})
	r.sim.Close()
	_, err := r.adapter.Exchange(t.Context(), back)
	if !errors.Is(err, provider.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	r.holdsNoSecret(t, err, back)
}

func hostileProfile(t *testing.T, r *rig) {
	p, err := r.signIn(t, providertest.Choice{Fault: "hostile_profile"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(p.Nickname, func(c rune) bool { return unicode.IsControl(c) || c == '\u202e' }) {
		t.Errorf("the nickname is %q", p.Nickname)
	}
	if p.AvatarURL != "" || p.Email != "" || p.EmailVerified {
		t.Errorf("the avatar is %q, the address %q", p.AvatarURL, p.Email)
	}
}

func startsProtected(t *testing.T, r *rig) {
	for name, spoil := range map[string]func(*provider.Start){
		"no state":           func(s *provider.Start) { s.State = "" },
		"a short state":      func(s *provider.Start) { s.State = "abc" },
		"a long state":       func(s *provider.Start) { s.State = strings.Repeat("a", 129) },
		"a state with signs": func(s *provider.Start) { s.State += "-_" },
		"no nonce":           func(s *provider.Start) { s.Nonce = "" },
		"no challenge":       func(s *provider.Start) { s.Challenge = "" },
		"a plain challenge":  func(s *provider.Start) { s.Challenge += "toolong" },
		"no redirect URI":    func(s *provider.Start) { s.RedirectURI = "" },
		"a relative one":     func(s *provider.Start) { s.RedirectURI = "/callback" },
		"one with fragment":  func(s *provider.Start) { s.RedirectURI += "#x" },
	} {
		start := r.flow().Start
		spoil(&start)
		if address, err := r.adapter.AuthURL(t.Context(), start); err == nil {
			t.Errorf("%s: %s", name, address)
		}
	}
}

func endsProtected(t *testing.T, r *rig) {
	for name, spoil := range map[string]func(*provider.Return){
		"no verifier":    func(b *provider.Return) { b.Verifier = "" },
		"a short one":    func(b *provider.Return) { b.Verifier = "short" },
		"no nonce":       func(b *provider.Return) { b.Nonce = "" },
		"no redirection": func(b *provider.Return) { b.RedirectURI = "" },
	} {
		back := r.returned(t, r.flow(), providertest.Choice{})
		before := len(r.tokenCalls())
		spoil(&back)
		if _, err := r.adapter.Exchange(t.Context(), back); err == nil {
			t.Errorf("%s: signed in", name)
		}
		if len(r.tokenCalls()) != before {
			t.Errorf("%s: the code was sent", name)
		}
	}
}

// tokenCalls are the calls so far that redeem a code.
func (r *rig) tokenCalls() []string {
	return slices.DeleteFunc(r.sim.Seen(), func(s string) bool { return !strings.Contains(s, "token") })
}

func credentialsTried(t *testing.T, r *rig) {
	checker, ok := r.adapter.(provider.Checker)
	if !ok {
		t.Fatal("the adapter cannot be tried")
	}
	if err := checker.Check(t.Context(), redirectURI); err != nil {
		t.Errorf("good credentials: %v", err)
	}
	r.misbehave(t, providertest.Faults{Names: []string{"html"}, At: []string{"token"}})
	if err := checker.Check(t.Context(), redirectURI); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("HTML: %v", err)
	}
	r.misbehave(t, providertest.Faults{})
	for _, app := range []providertest.App{
		{ID: clientID, Secret: "another", Channel: "open"}, {ID: clientID + "-mp", Secret: "another", Channel: "mp"},
	} {
		r.sim.Register(app)
	}
	if err := checker.Check(t.Context(), redirectURI); !errors.Is(err, provider.ErrCredentials) {
		t.Errorf("wrong credentials: %v", err)
	}
	r.sim.Close()
	if err := checker.Check(t.Context(), redirectURI); !errors.Is(err, provider.ErrUnreachable) {
		t.Errorf("gone: %v", err)
	}
}

func manyAtOnce(t *testing.T, r *rig) {
	var all sync.WaitGroup
	subjects := make([]string, 20)
	for i := range subjects {
		all.Go(func() {
			p, err := r.flow().SignIn(t.Context(), r.adapter, r.choice(providertest.Choice{Person: "1002"}))
			if err != nil {
				t.Error(err)
			}
			subjects[i] = p.Subject
		})
	}
	all.Wait()
	if slices.Sort(subjects); len(slices.Compact(subjects)) != 1 {
		t.Errorf("one person has the subjects %q", subjects)
	}
}

func authURLHoldsNoSecret(t *testing.T, r *rig) {
	f := r.flow()
	address, err := r.adapter.AuthURL(t.Context(), f.Start)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(address, "secret") || strings.Contains(address, f.Verifier) || u.Query().Get("state") != f.Start.State {
		t.Errorf("got %s", address)
	}
	q := u.Query()
	if !isWeChat(r) && (q.Get("code_challenge") != f.Start.Challenge || q.Get("code_challenge_method") != "S256") {
		t.Errorf("no PKCE in %s", address)
	}
	if isOIDC(r) != (q.Get("nonce") == f.Start.Nonce) {
		t.Errorf("the nonce is %q", q.Get("nonce"))
	}
}

func TestConfigsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	rt := provider.Runtime{Now: time.Now}
	for name, c := range map[string]struct {
		make   func() error
		fields []string
	}{
		"oidc, nothing": {func() error { _, err := oidc.New(oidc.Config{}, rt); return err }, []string{"client_id"}},
		"oidc, plain http": {func() error {
			_, err := oidc.New(oidc.Config{ClientID: "c", Issuer: "http://login.example.com"}, rt)
			return err
		}, []string{"issuer"}},
		"oidc, user in URL": {func() error {
			_, err := oidc.New(oidc.Config{ClientID: "c", Issuer: "https://u:p@login.example.com"}, rt)
			return err
		}, []string{"issuer"}},
		"oidc, odd method": {func() error {
			_, err := oidc.New(oidc.Config{ClientID: "c", Issuer: "https://login.example.com", TokenAuth: "none"}, rt)
			return err
		}, []string{"token_auth"}},
		"google, no secret": {func() error {
			_, err := google.New(google.Config{ClientID: "c", Issuer: "https://accounts.google.com"}, rt)
			return err
		}, []string{"client_secret"}},
		"wechat, nothing": {func() error { _, err := wechat.New(wechat.Config{}, rt); return err }, []string{"open_app_id", "mp_app_id"}},
		"wechat, id alone": {func() error {
			_, err := wechat.New(wechat.Config{MPAppID: "wx", OpenURL: "https://a.example", APIURL: "https://a.example"}, rt)
			return err
		}, []string{"mp_app_secret"}},
		"wechat, wrong URLs": {func() error {
			_, err := wechat.New(wechat.Config{MPAppID: "wx", MPAppSecret: "s", OpenURL: "ftp://a.example", APIURL: "x"}, rt)
			return err
		}, []string{"open_url", "api_url"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.make()
			var f *fault.Fault
			if !errors.As(err, &f) || f.Code != fault.ErrValidation.Code {
				t.Fatalf("got %v", err)
			}
			var fields []string
			for _, field := range f.Fields {
				fields = append(fields, field.Name)
			}
			if !slices.Equal(fields, c.fields) {
				t.Errorf("it names %q, want %q", fields, c.fields)
			}
		})
	}
}
