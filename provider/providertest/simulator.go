package providertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// App is a client that a simulator knows.
type App struct {
	ID, Secret   string
	Name         string // shown on the consent page; "" = the ID
	RedirectURIs []string
	// Channel is a WeChat app's: "open" or "mp".
	Channel string
	// NoUnionID is a WeChat app that no open platform account binds.
	NoUnionID bool
}

// Options are what a simulator is to be.
type Options struct {
	Kind Kind
	Addr string // "" = "127.0.0.1:0", a free port
	Name string // "" = what it stands in for
	Apps []App
	// Alg is what the OIDC kinds sign with: ES256 (also ""), RS256 or EdDSA.
	Alg string
	// SilentIss leaves the iss parameter out of callbacks and of the discovery document.
	SilentIss bool
	Now       func() time.Time // nil = the clock
}

// Simulator is a running provider.
type Simulator struct {
	kind   Kind
	name   string
	apps   []App
	silent bool
	now    func() time.Time

	protocol protocol
	desk     *desk
	faults   *faultPlan
	keys     *keyRing

	addr     string
	server   *http.Server
	listener net.Listener
	stop     sync.Once
	running  sync.WaitGroup

	mu   sync.Mutex
	seen []string
}

// Start listens and serves until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Simulator, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // a simulator is a server of its own, with a clock of its own
	}
	if o.Name == "" {
		o.Name = o.Kind.StandsInFor()
	}
	keys, err := newKeyRing(o.Kind, o.Alg)
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	s := &Simulator{
		kind: o.Kind, name: o.Name, apps: o.Apps, silent: o.SilentIss, now: o.Now,
		desk: newDesk(o.Now), faults: &faultPlan{}, keys: keys,
		addr: listener.Addr().String(), listener: listener,
	}
	s.protocol = s.newProtocol()
	s.server = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	s.running.Go(func() { _ = s.server.Serve(listener) })
	context.AfterFunc(ctx, s.Close)
	return s, nil
}

// listen refuses addresses that other machines could reach.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("provider simulator: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("provider simulator: %s is not a loopback address", addr)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
}

// URL is the simulator's address, without a slash at the end: an OIDC kind's issuer.
func (s *Simulator) URL() string { return "http://" + s.addr }

// Register adds an app, or replaces the one of the same ID.
func (s *Simulator) Register(app App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps = slices.DeleteFunc(slices.Clone(s.apps), func(a App) bool { return a.ID == app.ID })
	s.apps = append(s.apps, app)
}

func (s *Simulator) app(id string) (App, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.apps, func(a App) bool { return a.ID == id })
	if i < 0 {
		return App{}, false
	}
	return s.apps[i], true
}

// Misbehave sets what goes wrong from now on; the zero Faults make everything
// work again.
func (s *Simulator) Misbehave(f Faults) error {
	if err := f.validate(); err != nil {
		return err
	}
	s.faults.set(f)
	return nil
}

// RotateKeys signs with a new key from now on. The old one stays published.
func (s *Simulator) RotateKeys() error { return s.keys.rotate() }

// Seen returns the requests so far, as "GET /jwks", the oldest first.
func (s *Simulator) Seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

const maxSeen = 1000

func (s *Simulator) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == maxSeen {
		s.seen = slices.Delete(s.seen, 0, maxSeen/2)
	}
	s.seen = append(s.seen, r.Method+" "+r.URL.Path)
}

// Close stops the server and waits for it. It may be called twice.
func (s *Simulator) Close() {
	s.stop.Do(func() { _ = errors.Join(s.server.Close(), s.listener.Close()) })
	s.running.Wait()
}
