package provider_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tessera/fault"
	"tessera/provider"
	"tessera/provider/oidc"
	"tessera/provider/providertest"
	"tessera/provider/wechat"
)

func codeOf(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func TestWeChatKnowsOnePersonByTwoOpenIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t, "wechat-open")
	open, err := r.signIn(t, providertest.Choice{Person: "1002"})
	if err != nil {
		t.Fatal(err)
	}
	r.channel, r.userAgent = wechat.ChannelMP, providertest.WeChatUserAgent
	mp, err := r.signIn(t, providertest.Choice{Person: "1002"})
	if err != nil {
		t.Fatal(err)
	}
	if open.Subject != mp.Subject || open.Subject != providertest.UnionID("1002") {
		t.Errorf("the subjects are %q and %q", open.Subject, mp.Subject)
	}
	want := []provider.Channel{
		{Name: "open", AppID: clientID, Subject: providertest.OpenID(clientID, "1002")},
		{Name: "mp", AppID: clientID + "-mp", Subject: providertest.OpenID(clientID+"-mp", "1002")},
	}
	for i, got := range [][]provider.Channel{open.Channels, mp.Channels} {
		if len(got) != 1 || got[0] != want[i] {
			t.Errorf("the channels are %+v, want %+v", got, want[i])
		}
	}
}

func TestWeChatAppWithoutUnionID(t *testing.T) {
	t.Parallel()
	r := newRig(t, "wechat-open")
	r.sim.Register(providertest.App{ID: clientID, Secret: secret, RedirectURIs: []string{redirectURI}, Channel: "open", NoUnionID: true})
	if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, wechat.ErrUnionIDMissing) {
		t.Errorf("got %v", err)
	}
}

// The pattern is WeChat's: one parameter more or another order is refused there.
func TestWeChatURLIsAsWeChatDemands(t *testing.T) {
	t.Parallel()
	r := newRig(t, "wechat-open")
	for channel, want := range map[string]string{
		"open": `^http://[^/]+/connect/qrconnect\?appid=[^&]+&redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A8080%2Fauth%2Fv1%2Fcallback&response_type=code&scope=snsapi_login&state=[A-Za-z0-9]{1,128}#wechat_redirect$`,
		"mp":   `^http://[^/]+/connect/oauth2/authorize\?appid=[^&]+&redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A8080%2Fauth%2Fv1%2Fcallback&response_type=code&scope=snsapi_userinfo&state=[A-Za-z0-9]{1,128}#wechat_redirect$`,
	} {
		address, err := r.adapter.AuthURL(t.Context(), providertest.NewFlow(redirectURI, channel).Start)
		if err != nil || !regexp.MustCompile(want).MatchString(address) {
			t.Errorf("%s: %s, %v", channel, address, err)
		}
	}
	for _, channel := range []string{"", "app"} {
		if _, err := r.adapter.AuthURL(t.Context(), providertest.NewFlow(redirectURI, channel).Start); !errors.Is(err, wechat.ErrChannelOff) {
			t.Errorf("channel %q: %v", channel, err)
		}
	}
}

func TestWeChatSimulatorRefusesWhatWeChatRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, "wechat-open")
	good, err := r.adapter.AuthURL(t.Context(), r.flow().Start)
	if err != nil {
		t.Fatal(err)
	}
	mp, err := r.adapter.AuthURL(t.Context(), providertest.NewFlow(redirectURI, "mp").Start)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = u.Query().Encode() // sorted; here that puts scope and state last but keeps the order of the rest
	sorted := strings.Replace(u.String(), "scope=", "x=1&scope=", 1)
	for name, address := range map[string]string{
		"a parameter more":        sorted,
		"PKCE":                    strings.Replace(good, "#", "&code_challenge=x#", 1),
		"another order":           strings.Replace(strings.Replace(good, "response_type=code&", "", 1), "&state=", "&response_type=code&state=", 1),
		"a state with signs":      strings.Replace(good, "#", "-_.#", 1),
		"another redirect URI":    strings.Replace(good, "callback", "elsewhere", 1),
		"another scope":           strings.Replace(good, "snsapi_login", "snsapi_base", 1),
		"mp in another browser":   mp,
		"an app of other channel": strings.Replace(good, "appid="+clientID, "appid="+clientID+"-mp", 1),
	} {
		if callback, err := providertest.Visit(t.Context(), address, providertest.Choice{}); err == nil {
			t.Errorf("%s was taken: %s", name, callback)
		}
	}
	if _, err := providertest.Visit(t.Context(), good, providertest.Choice{}); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestWeChatChannelForBrowser(t *testing.T) {
	t.Parallel()
	if got := wechat.ChannelFor(providertest.WeChatUserAgent); got != "mp" {
		t.Errorf("WeChat's browser: %s", got)
	}
	if got := wechat.ChannelFor("Mozilla/5.0 (X11; Linux x86_64) Chrome/140"); got != "open" {
		t.Errorf("another: %s", got)
	}
}

func TestEmailsComeAsStated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"oidc", "google", "github"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, name)
			p, err := r.signIn(t, providertest.Choice{Person: "1001"})
			if err != nil || p.Email != "lin@example.com" || !p.EmailVerified {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

func TestNumericSubjects(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"github", "linuxdo"} {
		r := newRig(t, name)
		p, err := r.signIn(t, providertest.Choice{Person: "1003"})
		if err != nil || p.Subject != "1003" || p.Nickname != "quiet" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "oidc", func(o *providertest.Options) { o.Alg = alg })
			if _, err := r.signIn(t, providertest.Choice{}); err != nil {
				t.Fatal(err)
			}
			if err := r.sim.RotateKeys(); err != nil {
				t.Fatal(err)
			}
			clock := time.Now().Add(11 * time.Second)
			r.now = func() time.Time { return clock }
			for range 2 {
				if _, err := r.signIn(t, providertest.Choice{}); err != nil {
					t.Error(err)
				}
			}
			if fetches := count(r.sim.Seen(), "GET /jwks"); fetches != 2 {
				t.Errorf("the keys were fetched %d times", fetches)
			}
		})
	}
}

// A flood of invented key ids costs the issuer one fetch in ten seconds.
func TestAttackKeyFetchFlood(t *testing.T) {
	t.Parallel()
	r := newRig(t, "oidc")
	clock := time.Now()
	r.now = func() time.Time { return clock }
	r.misbehave(t, providertest.Faults{Names: []string{"kid_unknown"}})
	for range 10 {
		if _, err := r.signIn(t, providertest.Choice{}); !errors.Is(err, provider.ErrUntrusted) {
			t.Error(err)
		}
	}
	if fetches := count(r.sim.Seen(), "GET /jwks"); fetches != 1 {
		t.Errorf("the keys were fetched %d times", fetches)
	}
}

// What is known outlives an issuer that fails, for a day; the token endpoint is
// another matter.
func TestDocumentsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, "oidc")
	clock := time.Now()
	r.now = func() time.Time { return clock }
	if _, err := r.signIn(t, providertest.Choice{}); err != nil {
		t.Fatal(err)
	}
	r.misbehave(t, providertest.Faults{Names: []string{"status_500"}, At: []string{"discovery", "jwks"}})
	documents := func() (all int) {
		return count(r.sim.Seen(), "GET /jwks") + count(r.sim.Seen(), "GET /.well-known/openid-configuration")
	}
	before := documents()
	if _, err := r.adapter.AuthURL(t.Context(), r.flow().Start); err != nil || documents() != before {
		t.Errorf("a fresh document: %v, %d fetches", err, documents()-before)
	}
	clock = clock.Add(61 * time.Minute)
	for range 3 {
		if _, err := r.adapter.AuthURL(t.Context(), r.flow().Start); err != nil {
			t.Errorf("after an hour: %v", err)
		}
	}
	if documents() != before+1 {
		t.Errorf("after an hour: %d fetches", documents()-before)
	}
	clock = clock.Add(24 * time.Hour)
	if _, err := r.adapter.AuthURL(t.Context(), r.flow().Start); !errors.Is(err, provider.ErrUnreachable) {
		t.Errorf("after a day: %v", err)
	}
	r.misbehave(t, providertest.Faults{})
	clock = clock.Add(11 * time.Second)
	if _, err := r.adapter.AuthURL(t.Context(), r.flow().Start); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

func TestNothingIsFetchedBeforeItIsNeeded(t *testing.T) {
	t.Parallel()
	for name := range adapters {
		if seen := newRig(t, name).sim.Seen(); len(seen) != 0 {
			t.Errorf("%s: %q", name, seen)
		}
	}
}

// An issuer that wants the secret in the body gets it there.
func TestTokenAuthMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"auto", "client_secret_basic", "client_secret_post", ""} {
		r := newRig(t, "oidc")
		p, err := oidc.New(oidc.Config{Issuer: r.sim.URL(), ClientID: clientID, ClientSecret: secret, TokenAuth: method}, provider.Runtime{Now: time.Now, Transport: r.transport})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.flow().SignIn(t.Context(), p, providertest.Choice{}); err != nil {
			t.Errorf("%q: %v", method, err)
		}
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}
