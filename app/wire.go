package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"tessera/gateway"
	"tessera/gateway/upstream"
	"tessera/httpapi"
	"tessera/httpapi/avatar"
	"tessera/httpapi/console"
	"tessera/httpapi/gotrue"
	"tessera/httpapi/webapp"
	"tessera/identity"
	"tessera/job"
	"tessera/mail"
	"tessera/pendingauth"
	"tessera/provider"
	"tessera/session"
	"tessera/session/token"
	"tessera/store/kv"
	"tessera/testuser"
	"tessera/web"
)

// rooms are the services behind the surfaces.
type rooms struct {
	metrics  *metrics
	tracing  *tracing
	kv       kv.Store
	jobs     *job.Runner
	verifier *token.Verifier
	sessions *session.Service
	limits   *httpapi.Limits
	messages *gateway.Service

	providers *provider.Registry
	setups    *provider.Setups
	policies  sourcePolicies
	factors   *identity.Factors
	pending   *pendingauth.Service
	avatars   *identity.Avatars

	testUsers *testuser.Service
}

// wire makes the rooms and the surfaces, and starts what runs beside them.
func (a *App) wire(ctx context.Context) error {
	r := &rooms{metrics: newMetrics()}
	for _, step := range []func(context.Context, *rooms) error{
		a.wireTracing, a.wireCoordination, a.wireJobs, a.wireTokens, a.wireActivity, a.wireSessions, a.wireProviders, a.wireGateway, a.wireTestUsers,
	} {
		if err := step(ctx, r); err != nil {
			return err
		}
	}
	handler, err := a.routes(r)
	if err != nil {
		return err
	}
	c := a.options.Config
	a.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: c.HTTP.ReadTimeout, IdleTimeout: c.HTTP.IdleTimeout, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.options.Log.Handler(), slog.LevelDebug),
	}
	if err := a.startBackground(ctx, r); err != nil {
		return err
	}
	if err := a.serveMetricsApart(ctx, r); err != nil {
		return err
	}
	a.onStop("http", a.shutDownHTTP)
	if err := r.messages.Start(ctx); err != nil {
		return err
	}
	// Stopped before the HTTP server, which waits for event streams to end.
	a.onStop("messages", func(ctx context.Context) error { r.messages.Shutdown(ctx); return nil })
	return nil
}

func (a *App) wireTracing(ctx context.Context, r *rooms) error {
	t, err := newTracing(ctx, a.options.Config.Tracing)
	if err != nil {
		return err
	}
	r.tracing = t
	a.onStop("tracing", t.stop)
	return nil
}

func (a *App) wireCoordination(ctx context.Context, r *rooms) error {
	log := a.options.Log
	s, err := kv.Open(a.options.Config.Coordination.URL, kv.WithClock(a.options.Now), kv.WithOutageHook(func(away bool, cause error) {
		r.metrics.onOutage(away)
		if away {
			log.ErrorContext(ctx, "coordination is away: this process decides limits by itself", "error", cause)
			return
		}
		log.InfoContext(ctx, "coordination is back")
	}))
	if err != nil {
		return err
	}
	r.kv = s
	r.limits = &httpapi.Limits{Limiter: limiter{s}, Metrics: r.metrics.http, Log: log}
	a.onStop("coordination", func(context.Context) error { return s.Close() })
	return nil
}

func (a *App) wireJobs(_ context.Context, r *rooms) error {
	r.jobs = job.New(job.Config{Store: a.core.db, Now: a.options.Now, Log: a.options.Log, Observe: r.metrics.onJob})
	r.metrics.registry.MustRegister(poolCollector{a.core.db}, jobCollector{func(ctx context.Context) (ready, running, dead int, err error) {
		counts, err := r.jobs.Stats(ctx)
		return counts.Ready, counts.Running, counts.Dead, err
	}})
	return nil
}

func (a *App) wireTokens(_ context.Context, r *rooms) error {
	// Each call has its own deadline; this one is for a peer that says nothing.
	client := &http.Client{Transport: r.tracing.client(http.DefaultTransport), Timeout: 30 * time.Second}
	var err error
	r.verifier, err = token.NewVerifier(token.VerifierConfig{
		Own: a.core.ring, Trusted: a.options.Config.trustedIssuers(), HTTP: client, Now: a.options.Now, Log: a.options.Log,
		OnFailure: r.metrics.onTokenFailure, OnFetch: r.metrics.onKeyFetch,
	})
	return err
}

// wireActivity starts to note when users are active. It stops after the
// requests have, so that the last of them is noted too.
func (a *App) wireActivity(ctx context.Context, _ *rooms) error {
	activity, err := identity.NewActivity(a.core.db.Users(), a.options.Now, a.options.Log)
	if err != nil {
		return err
	}
	a.core.accounts.Activity = activity
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		activity.Run(running)
	}()
	a.onStop("activity", func(ctx context.Context) error {
		cancel()
		select {
		case <-finished:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return nil
}

func (a *App) wireSessions(_ context.Context, r *rooms) error {
	c, core := a.options.Config, a.core
	appURL := c.Site.AppURL
	if appURL == "" {
		appURL = a.URL
	}
	_, hasPages := web.Dist()
	redirects, err := session.NewRedirects(a.URL, appURL, c.Site.AllowedRedirects, hasPages)
	if err != nil {
		return err
	}
	sender, err := mail.NewSender(mail.SenderConfig{Config: c.Mail, Now: a.options.Now, Log: a.options.Log})
	if err != nil {
		return err
	}
	post := &mailer{
		jobs: r.jobs, key: core.key, sender: sender, enabled: c.Mail.Enabled(), siteName: c.Site.Name, now: a.options.Now,
	}
	r.jobs.Register(job.Kind{Name: mailJob, Run: post.deliver, Timeout: time.Minute})
	codes := core.db.Codes()
	r.jobs.Register(job.Kind{Name: "session.purge_codes", Every: time.Hour, Run: func(ctx context.Context, _ job.Task) error {
		return codes.PurgeCodes(ctx, a.options.Now().Add(-time.Hour))
	}})
	pending := core.db.PendingAuth()
	r.jobs.Register(job.Kind{Name: "pendingauth.purge", Every: time.Hour, Run: func(ctx context.Context, _ job.Task) error {
		return pending.Purge(ctx, a.options.Now().Add(-time.Hour))
	}})
	r.factors = &identity.Factors{Accounts: core.accounts, Store: core.db.Factors(), Sealer: core.key, Now: a.options.Now}
	passkeys, err := a.passkeys(r)
	if err != nil {
		return err
	}
	r.sessions = &session.Service{
		Accounts: core.accounts, Factors: r.factors, Passkeys: passkeys, Store: core.db.Sessions(), Codes: codes, Signer: core.ring, Mailer: post, Limiter: limiter{r.kv},
		Redirects: redirects, Keys: session.DeriveKeys(core.key), InTx: core.db.InTx, Now: a.options.Now, Log: a.options.Log,
		Issuer: core.issuer(), Config: c.Auth.Sessions, OnSignIn: r.metrics.onSignIn,
	}
	return nil
}

// passkeys makes the passkeys of this site, and the job that forgets what was
// asked and never answered.
func (a *App) passkeys(r *rooms) (*identity.Passkeys, error) {
	kept := a.core.db.Passkeys()
	r.jobs.Register(job.Kind{Name: "identity.purge_ceremonies", Every: time.Hour, Run: func(ctx context.Context, _ job.Task) error {
		return kept.PurgeCeremonies(ctx, a.options.Now().Add(-time.Hour))
	}})
	passkeys, err := identity.NewPasskeys(identity.PasskeyDeps{
		Accounts: a.core.accounts, Store: kept, Now: a.options.Now, Config: a.options.Config.Auth.Passkeys,
		SiteName: a.options.Config.Site.Name, ExternalURL: a.core.external,
	})
	if err != nil {
		return nil, err
	}
	if !passkeys.IsOn() {
		a.options.Log.Info("passkeys are off", "because", passkeys.OffBecause())
	}
	a.core.accounts.CountPasskeys = passkeys.Count
	return passkeys, nil
}

func (a *App) wireGateway(_ context.Context, r *rooms) error {
	c := a.options.Config
	client, err := upstream.New(c.Gateway.Upstream)
	if err != nil {
		return err
	}
	a.onStop("upstream", func(context.Context) error { client.Close(); return nil })
	deps := gateway.Deps{
		Config: c.Gateway.Messages, Store: a.core.db, Upstream: client, Slots: r.kv, Now: a.options.Now, Log: a.options.Log,
		Hooks: gateway.Hooks{
			StreamOpened: r.metrics.streamsOpen.Inc, StreamClosed: r.metrics.streamsOpen.Dec,
			FirstDelta: func(took time.Duration) { r.metrics.firstDelta.Observe(took.Seconds()) },
			Finished:   func(o gateway.Outcome) { r.metrics.messages.WithLabelValues(o.Code).Inc() },
		},
		SoleProcess: a.core.db.Dialect() == "sqlite3", // its file is locked by this process
	}
	if !deps.SoleProcess {
		deps.Notifier = r.kv
	}
	r.messages, err = gateway.New(deps)
	return err
}

// startBackground starts what runs beside requests. Its end comes after that
// of the requests and before that of the database.
func (a *App) startBackground(ctx context.Context, r *rooms) error {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done []chan struct{}
	a.onStop("background", func(ctx context.Context) error {
		cancel()
		for _, d := range done {
			select {
			case <-d:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := a.core.ring.Start(background); err != nil {
		return err
	}
	r.verifier.Start(background)
	following := make(chan struct{})
	done = append(done, following)
	go func() {
		defer close(following)
		r.setups.Run(background)
	}()
	finished := make(chan struct{})
	done = append(done, finished)
	go func() {
		defer close(finished)
		if err := r.jobs.Run(background); err != nil && !errors.Is(err, context.Canceled) {
			a.options.Log.ErrorContext(background, "background jobs ended", "error", err)
		}
	}()
	return nil
}

// routes puts the surfaces on one router.
func (a *App) routes(r *rooms) (http.Handler, error) {
	c := a.options.Config
	proxies, err := httpapi.ParseProxies(c.HTTP.TrustedProxies)
	if err != nil {
		return nil, err
	}
	observer := httpapi.Observer{
		Log: a.options.Log, Metrics: r.metrics.http, Now: a.options.Now,
		Quiet: map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true},
	}
	body := httpapi.Body{Limit: c.HTTP.MaxBodyBytes, Timeout: c.HTTP.ReadTimeout, Now: time.Now} //nolint:forbidigo // deadlines are the kernel's clock's
	root := chi.NewRouter()
	root.Use(httpapi.WithRequestID, httpapi.WithClientIP(proxies), observer.Middleware, r.tracing.nameSpan,
		httpapi.SecurityHeaders(a.core.external.Scheme == "https"), body.Middleware)
	a.mountOps(root, r)
	a.mountGoTrue(root, r)
	avatar.Mount(root, a.core.db.Users(), console.WriteProblem)
	root.Mount("/api/v1", a.console(r))
	pages, err := a.pages()
	if err != nil {
		return nil, err
	}
	root.Handle("/*", pages)
	return r.tracing.server(root), nil
}

func (a *App) mountOps(root chi.Router, r *rooms) {
	a.health = &health{timeout: 3 * time.Second, checks: []check{
		{"database", a.core.db.Ping},
		{"coordination", r.kv.Ping},
		{"keys", func(context.Context) error { return a.core.ring.Ready() }},
	}}
	root.Handle("/healthz", readOnly(httpapi.Wrap(a.health.live, console.WriteProblem)))
	root.Handle("/readyz", readOnly(httpapi.Wrap(a.health.ready, console.WriteProblem)))
	if a.options.Config.Metrics.Addr == "" {
		root.Handle("/metrics", readOnly(metricsHandler(r.metrics.registry, a.options.Config.Metrics, false)))
	}
}

// readOnly lets GET through, and HEAD, with which some probes ask. Without it
// other methods would fall through to the pages.
func readOnly(next http.Handler) http.Handler {
	return httpapi.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return httpapi.ErrMethod
		}
		next.ServeHTTP(w, r)
		return nil
	}, console.WriteProblem)
}

func (a *App) mountGoTrue(root chi.Router, r *rooms) {
	surface := &gotrue.Surface{
		Sessions: r.sessions, Accounts: a.core.accounts, Verifier: r.verifier, Keys: a.core.ring, Limits: r.limits,
		Rates: a.options.Config.Auth.Surface.Limits, ManualLinking: a.options.Config.Auth.Surface.ManualLinking, Cookies: a.cookies(), Pending: r.pending, Factors: r.factors,
		Sources:  func() []string { return sourceNames(r.providers) },
		SiteName: a.options.Config.Site.Name, Version: Version,
	}
	surface.Mount(root)
}

func (a *App) pages() (http.Handler, error) {
	config := webapp.Config{NotFound: httpapi.Wrap(func(http.ResponseWriter, *http.Request) error {
		return httpapi.ErrRouteUnknown
	}, console.WriteProblem)}
	if dist, ok := web.Dist(); ok {
		config.Dist = dist
	}
	if c := a.options.Config; c.Auth.Mode == modeSupabase {
		config.ConnectTo = []string{c.Supabase.URL}
	}
	return webapp.New(config)
}

// serveMetricsApart serves /metrics on an address of its own, if one is set.
func (a *App) serveMetricsApart(ctx context.Context, r *rooms) error {
	c := a.options.Config.Metrics
	if c.Addr == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metricsHandler(r.metrics.registry, c, true))
	server := &http.Server{Addr: c.Addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	listener, err := listen(ctx, c.Addr)
	if err != nil {
		return err
	}
	a.onStop("metrics", server.Shutdown)
	go func() { _ = server.Serve(listener) }()
	return nil
}
