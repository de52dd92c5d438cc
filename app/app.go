package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"tessera/httpapi/console"
	"tessera/session/token"
)

// Options are what a server is started with.
type Options struct {
	Config Config
	Log    *slog.Logger
	Now    func() time.Time
	// Demo says that this is a demonstration, and Simulators what runs beside
	// it: pages show both.
	Demo       bool
	Simulators []console.Simulator
	// Failpoint, if set, is called at the named points of a third-party
	// sign-in's completion. The crash tests end their own process there; no
	// setting and no command of the program sets it.
	Failpoint func(name string)
}

// App is a running server.
type App struct {
	URL            string // where it is reached
	AnonKey        string
	ServiceRoleKey string

	options  Options
	core     *core
	health   *health
	server   *http.Server
	listener net.Listener
	stops    []stop
	failed   chan error
}

// stop is one thing to end, in the reverse order of its beginning.
type stop struct {
	name string
	run  func(ctx context.Context) error
}

// Start opens everything and serves. The server is ready when it returns.
// Whatever was opened is closed again when it fails.
func Start(ctx context.Context, o Options) (*App, error) {
	a := &App{options: o, failed: make(chan error, 1)}
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	return a, nil
}

func (a *App) start(ctx context.Context) error {
	c := a.options.Config
	var err error
	if a.listener, err = listen(ctx, c.HTTP.Addr); err != nil {
		return err
	}
	a.onStop("listener", func(context.Context) error { return ignoreClosed(a.listener.Close()) })
	external, err := externalURL(c, a.listener.Addr(), a.options.Demo)
	if err != nil {
		return err
	}
	a.URL = external.String()
	if a.core, err = openCore(ctx, c, external, a.options.Log, a.options.Now); err != nil {
		return err
	}
	a.onStop("database", func(context.Context) error { return a.core.db.Close() })
	if a.AnonKey, err = a.core.ring.APIKey(token.RoleAnon); err != nil {
		return err
	}
	if a.ServiceRoleKey, err = a.core.ring.APIKey(token.RoleServiceRole); err != nil {
		return err
	}
	if err := a.wire(ctx); err != nil {
		return err
	}
	for _, line := range advice(c, a.listener.Addr()) {
		a.options.Log.WarnContext(ctx, line)
	}
	go a.serve()
	a.options.Log.InfoContext(ctx, "listening", "addr", a.listener.Addr().String(), "url", a.URL, "version", Version)
	return nil
}

// CreateAdmin makes a confirmed user who is an administrator.
func (a *App) CreateAdmin(ctx context.Context, email, password string) error {
	_, err := a.core.createAdmin(ctx, email, password)
	return err
}

func (a *App) onStop(name string, run func(ctx context.Context) error) {
	a.stops = append(a.stops, stop{name, run})
}

func (a *App) serve() {
	if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		a.failed <- fmt.Errorf("serve: %w", err)
	}
}

// shutDownHTTP waits for requests, and then cuts what is left.
func (a *App) shutDownHTTP(ctx context.Context) error {
	err := a.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		a.options.Log.WarnContext(ctx, "requests were cut: they took longer than http.shutdown_timeout")
		return ignoreClosed(a.server.Close())
	}
	return err
}

// Run serves until ctx ends or serving fails, and stops in good order.
func (a *App) Run(ctx context.Context) error {
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-a.failed:
	}
	return errors.Join(failure, a.Stop(context.WithoutCancel(ctx)))
}

// Stop ends everything, the newest first, within the configured time. It may
// be called more than once.
func (a *App) Stop(ctx context.Context) error {
	if a.health != nil {
		a.health.stopping.Store(true)
	}
	ctx, cancel := context.WithTimeout(ctx, a.options.Config.HTTP.ShutdownTimeout)
	defer cancel()
	var errs []error
	for _, s := range slices.Backward(a.stops) {
		if err := s.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", s.name, err))
		}
	}
	a.stops = nil
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: choose another address, or stop that one", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return listener, nil
}

// externalURL is the configured one, or the address listened on as a browser
// on this machine reaches it. A demonstration goes by a name: passkeys belong to
// a domain, and an address is none.
func externalURL(c Config, listening net.Addr, isDemo bool) (*url.URL, error) {
	if c.Site.ExternalURL != "" {
		return url.Parse(strings.TrimSuffix(c.Site.ExternalURL, "/"))
	}
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return nil, err
	}
	switch ip := net.ParseIP(host); {
	case ip != nil && isDemo && (ip.IsLoopback() || ip.IsUnspecified()):
		host = "localhost"
	case ip != nil && ip.IsUnspecified():
		host = "127.0.0.1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}, nil
}
