package provider_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tessera/provider"
	"tessera/provider/github"
	"tessera/provider/google"
	"tessera/provider/linuxdo"
	"tessera/provider/oidc"
	"tessera/provider/providertest"
	"tessera/provider/wechat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	redirectURI = "http://127.0.0.1:8080/auth/v1/callback"
	clientID    = "tessera-test"
	secret      = "a-secret&with=odd+characters %"
)

// rig is an adapter before its simulator.
type rig struct {
	sim       *providertest.Simulator
	adapter   provider.Provider
	channel   string
	userAgent string
	log       *lockedBuffer
	transport *swappable
	now       func() time.Time
}

// lockedBuffer takes a log from many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// clock is the time of an adapter and its simulator, which a test sets forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time      { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) add(d time.Duration) { c.ahead.Add(int64(d)) }

// swappable is a transport that a test can put something before.
type swappable struct {
	mu   sync.Mutex
	trip func(*http.Request, http.RoundTripper) (*http.Response, error)
	real *http.Transport
}

func (s *swappable) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	trip := s.trip
	s.mu.Unlock()
	if trip == nil {
		return s.real.RoundTrip(r)
	}
	return trip(r, s.real)
}

func (s *swappable) put(trip func(*http.Request, http.RoundTripper) (*http.Response, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trip = trip
}

// adapters is every adapter under contract.
var adapters = map[string]struct {
	kind      providertest.Kind
	channel   string
	userAgent string
	make      func(sim string, rt provider.Runtime) (provider.Provider, error)
}{
	"oidc": {kind: providertest.OIDC, make: func(sim string, rt provider.Runtime) (provider.Provider, error) {
		return oidc.New(oidc.Config{Issuer: sim, ClientID: clientID, ClientSecret: secret, Scopes: []string{"profile", "email"}}, rt)
	}},
	"google": {kind: providertest.Google, make: func(sim string, rt provider.Runtime) (provider.Provider, error) {
		return google.New(google.Config{Issuer: sim, ClientID: clientID, ClientSecret: secret}, rt)
	}},
	"github": {kind: providertest.GitHub, make: func(sim string, rt provider.Runtime) (provider.Provider, error) {
		return github.New(github.Config{URL: sim, APIURL: sim, ClientID: clientID, ClientSecret: secret}, rt)
	}},
	"linuxdo": {kind: providertest.LinuxDo, make: func(sim string, rt provider.Runtime) (provider.Provider, error) {
		return linuxdo.New(linuxdo.Config{URL: sim, ForumURL: sim, ClientID: clientID, ClientSecret: secret}, rt)
	}},
	"wechat-open": {kind: providertest.WeChat, channel: wechat.ChannelOpen, make: makeWeChat},
	"wechat-mp":   {kind: providertest.WeChat, channel: wechat.ChannelMP, userAgent: providertest.WeChatUserAgent, make: makeWeChat},
}

func makeWeChat(sim string, rt provider.Runtime) (provider.Provider, error) {
	return wechat.New(wechat.Config{
		OpenURL: sim, APIURL: sim, OpenAppID: clientID, OpenAppSecret: secret, MPAppID: clientID + "-mp", MPAppSecret: secret,
	}, rt)
}

// newRig starts a simulator and an adapter before it.
func newRig(t *testing.T, name string, options ...func(*providertest.Options)) *rig {
	t.Helper()
	a := adapters[name]
	o := providertest.Options{Kind: a.kind, Apps: []providertest.App{
		{ID: clientID, Secret: secret, RedirectURIs: []string{redirectURI}, Channel: "open"},
		{ID: clientID + "-mp", Secret: secret, RedirectURIs: []string{redirectURI}, Channel: "mp"},
	}}
	for _, option := range options {
		option(&o)
	}
	sim, err := providertest.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	r := &rig{
		sim: sim, channel: a.channel, userAgent: a.userAgent, log: &lockedBuffer{}, now: time.Now,
		transport: &swappable{real: &http.Transport{}},
	}
	t.Cleanup(r.transport.real.CloseIdleConnections)
	r.adapter, err = a.make(sim.URL(), provider.Runtime{
		Transport: r.transport, Now: func() time.Time { return r.now() }, Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) flow() providertest.Flow { return providertest.NewFlow(redirectURI, r.channel) }

func (r *rig) choice(c providertest.Choice) providertest.Choice {
	if c.UserAgent == "" {
		c.UserAgent = r.userAgent
	}
	return c
}

func (r *rig) signIn(t *testing.T, c providertest.Choice) (provider.Person, error) {
	t.Helper()
	f := r.flow()
	back := r.returned(t, f, c)
	person, err := r.adapter.Exchange(t.Context(), back)
	r.holdsNoSecret(t, err, back)
	return person, err
}

// returned is a flow at its callback.
func (r *rig) returned(t *testing.T, f providertest.Flow, c providertest.Choice) provider.Return {
	t.Helper()
	callback, err := f.Callback(t.Context(), r.adapter, r.choice(c))
	if err != nil {
		t.Fatal(err)
	}
	return f.Return(callback)
}

// holdsNoSecret looks for what must not be in an error or in the log.
func (r *rig) holdsNoSecret(t *testing.T, err error, back provider.Return) {
	t.Helper()
	text := r.log.String()
	if err != nil {
		text += err.Error()
	}
	for _, forbidden := range []string{secret, "odd%2Bcharacters", "odd+characters", back.Query.Get("code"), back.Verifier, "access_token=", "half a tok"} {
		if forbidden != "" && strings.Contains(text, forbidden) {
			t.Errorf("%q is in an error or a log: %s", forbidden, text)
		}
	}
}

func (r *rig) misbehave(t *testing.T, f providertest.Faults) {
	t.Helper()
	if err := r.sim.Misbehave(f); err != nil {
		t.Fatal(err)
	}
}
