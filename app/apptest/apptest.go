// Package apptest boots the whole program for tests: the real server with the
// real simulators on free loopback ports, a database of its own, and nothing
// faked in between.
//
//	apptest.Each(t, func(t *testing.T, s *apptest.Server) { ... })
//
// runs a test on SQLite with coordination in the process, and on PostgreSQL
// with Redis where TEST_DATABASE_URL and TEST_REDIS_URL name servers. With
// TESSERA_TEST_REQUIRE_ALL set, as `make test` sets it, missing ones fail.
package apptest

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tessera/app"
	"tessera/mail/mailtest"
	"tessera/provider/providertest"
	"tessera/secret"
	"tessera/store/storetest"
)

// Options adjust a server. The zero value is a new SQLite database, and
// coordination in the process.
type Options struct {
	DatabaseURL     string // "" = a new SQLite file
	CoordinationURL string // "" = in the process
	// Settings are further environment variables: "TESSERA_AUTH_AUTOCONFIRM=true".
	Settings []string
	// SecretKey is the installation's key; "" = a new one.
	SecretKey string
	// Addr is where to listen; "" = a free port of 127.0.0.1.
	Addr string
	// Joins says that another server has this database and its administrator.
	Joins bool
}

// Server is a running server with its simulators.
type Server struct {
	URL            string
	AnonKey        string
	ServiceRoleKey string
	Admin          Login
	Mail           *mailtest.Mailbox
	// Upstream is the model server's simulator.
	Upstream *app.UpstreamSimulator
	// Providers are the login providers' simulators, by kind.
	Providers map[string]*providertest.Simulator
	Options   Options // with every field filled, to start the same one again
	Logs      *Logs

	app   *app.App
	stop  func()
	ahead atomic.Int64 // of the real time, in nanoseconds
}

// Login is an address and its password.
type Login struct{ Email, Password string }

// Logs are what the server logged, as JSON lines. They are safe for concurrent
// use.
type Logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything logged so far.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Start boots a server that stops with the test.
func Start(t *testing.T, o Options) *Server {
	t.Helper()
	if o.DatabaseURL == "" {
		o.DatabaseURL = "sqlite:" + t.TempDir() + "/app.db"
	}
	if o.SecretKey == "" {
		o.SecretKey = secret.Generate().Encode()
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	simulators, err := app.StartSimulators(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatalf("simulators: %v", err)
	}
	t.Cleanup(simulators.Stop)
	s := &Server{
		Options: o, Logs: &Logs{}, Mail: simulators.Mail, Upstream: simulators.Upstream, Providers: simulators.Providers,
		Admin: Login{Email: "admin@tessera.example", Password: rand.Text()},
	}
	s.boot(t, simulators)
	return s
}

// Restart stops the server and boots it again on the same database, address
// and simulators, as an upgrade does.
func (s *Server) Restart(t *testing.T, settings ...string) {
	t.Helper()
	s.StopToReturn(t)
	s.Options.Settings = append(s.Options.Settings, settings...)
	s.boot(t, nil)
}

// StopToReturn stops the server; whoever is started with its Options or its
// Environment next is reached at the same address.
func (s *Server) StopToReturn(t *testing.T) {
	t.Helper()
	s.Stop()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Options.Addr = u.Host
}

// Advance moves the server's clock on; those of the simulators stay.
func (s *Server) Advance(d time.Duration) { s.ahead.Add(int64(d)) }

func (s *Server) now() time.Time {
	return time.Now().Add(time.Duration(s.ahead.Load())) //nolint:forbidigo // a composition root
}

// Stop stops the server before the test ends.
func (s *Server) Stop() { s.stop() }

// Environment is what a process must be told to be this server.
func (s *Server) Environment() []string {
	return append([]string{
		"TESSERA_SECRET_KEY=" + s.Options.SecretKey, "TESSERA_DATABASE_URL=" + s.Options.DatabaseURL,
		"TESSERA_COORDINATION_URL=" + s.Options.CoordinationURL, "TESSERA_HTTP_ADDR=" + s.Options.Addr,
	}, s.Options.Settings...)
}

func (s *Server) boot(t *testing.T, simulators *app.Simulators) {
	t.Helper()
	if simulators != nil {
		environment, err := simulators.Environment()
		if err != nil {
			t.Fatal(err)
		}
		// The caller's settings come last, and so win.
		s.Options.Settings = append(append(environment, "TESSERA_LOG_LEVEL=debug", "TESSERA_HTTP_SHUTDOWN_TIMEOUT=5s",
			"TESSERA_GATEWAY_SHUTDOWN_GRACE=1s", "TESSERA_AUTH_PASSWORD_HASH_WAIT=1m"), s.Options.Settings...)
	}
	config, err := app.LoadConfig("", s.Environment())
	if err != nil {
		t.Fatalf("settings: %v", err)
	}
	s.app, err = app.Start(t.Context(), app.Options{
		Config: config, Log: app.NewLogger(s.Logs, config.Log), Now: s.now,
	})
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	s.stop = sync.OnceFunc(func() {
		// Connections that a client opened ahead and never used would be waited
		// for as if they were busy.
		http.DefaultClient.CloseIdleConnections() //nolint:forbidigo // it is the tests' own, and its idle connections hold the stop up
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := s.app.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	t.Cleanup(s.stop)
	s.URL, s.AnonKey, s.ServiceRoleKey = s.app.URL, s.app.AnonKey, s.app.ServiceRoleKey
	if simulators != nil {
		simulators.SendBackTo(s.URL)
	}
	if simulators != nil && !s.Options.Joins {
		if err := s.app.CreateAdmin(t.Context(), s.Admin.Email, s.Admin.Password); err != nil {
			t.Fatalf("administrator: %v", err)
		}
	}
}

// Each runs fn on every pair of database and coordination that there is.
func Each(t *testing.T, fn func(t *testing.T, s *Server), settings ...string) {
	t.Helper()
	t.Run("sqlite+memory", func(t *testing.T) {
		t.Parallel()
		fn(t, Start(t, Options{Settings: settings}))
	})
	redis := os.Getenv("TEST_REDIS_URL")
	if redis == "" && os.Getenv("TESSERA_TEST_REQUIRE_ALL") != "" {
		t.Fatal("TEST_REDIS_URL is not set: run the tests through `make test`")
	}
	if redis == "" || os.Getenv("TEST_DATABASE_URL") == "" && os.Getenv("TESSERA_TEST_REQUIRE_ALL") == "" {
		t.Log("TEST_DATABASE_URL or TEST_REDIS_URL is not set: running on SQLite and in-process coordination only")
		return
	}
	t.Run("postgres+redis", func(t *testing.T) {
		t.Parallel()
		fn(t, Start(t, Options{
			DatabaseURL: storetest.URLs(t)["postgres"], CoordinationURL: ownKeys(redis), Settings: settings,
		}))
	})
}

// ownKeys gives a test keys of its own on the shared Redis.
func ownKeys(redis string) string {
	separator := "?"
	if strings.Contains(redis, "?") {
		separator = "&"
	}
	return redis + separator + "prefix=" + rand.Text() + ":"
}
