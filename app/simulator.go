package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"tessera/gateway/gatewaytest"
	"tessera/httpapi/console"
	"tessera/httpapi/gotrue"
	"tessera/mail/mailtest"
	"tessera/provider/providertest"
	"tessera/provider/wechat"
	"tessera/testuser/mailapitest"
)

// Simulators are the simulated neighbours, each on a loopback port of its own.
// They run in demonstrations, under `tessera sim` and in tests, never else.
type Simulators struct {
	Mail     *mailtest.Mailbox
	Upstream *UpstreamSimulator
	MailAPI  *MailAPISimulator
	// Providers are the simulated login providers, by the name of the source.
	Providers map[string]*providertest.Simulator

	servers []*http.Server
}

// UpstreamSimulator is the simulated model server.
type UpstreamSimulator struct {
	*gatewaytest.Server
	URL string
}

// MailAPISimulator is the simulated Mail API.
type MailAPISimulator struct {
	*mailapitest.Server
	URL string
}

// simulatorKey is the API key that the simulators want. It opens nothing else.
const simulatorKey = "simulator-key"

// StartSimulators starts them on free ports of host, a loopback address.
func StartSimulators(ctx context.Context, host string) (_ *Simulators, err error) {
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("simulators listen on loopback addresses only, and %q is none", host)
	}
	free := net.JoinHostPort(host, "0")
	s := &Simulators{
		Upstream: &UpstreamSimulator{Server: gatewaytest.NewServer(gatewaytest.Config{APIKey: simulatorKey})},
		MailAPI: &MailAPISimulator{Server: mailapitest.New(mailapitest.Config{
			Key: simulatorKey, Domains: []string{"mailbox.tessera.example"}, Now: time.Now, //nolint:forbidigo // a simulator's own clock
		})},
	}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if s.Mail, err = mailtest.Start(ctx, free, free); err != nil {
		return nil, err
	}
	if s.Upstream.URL, err = s.serve(ctx, free, s.Upstream); err != nil {
		return nil, err
	}
	if s.MailAPI.URL, err = s.serve(ctx, free, s.MailAPI); err != nil {
		return nil, err
	}
	return s, s.startProviders(ctx, free)
}

// startProviders starts one simulator for each kind of login provider.
func (s *Simulators) startProviders(ctx context.Context, addr string) error {
	s.Providers = map[string]*providertest.Simulator{}
	for _, kind := range providertest.Kinds() {
		simulator, err := providertest.Start(ctx, providertest.Options{Kind: kind, Addr: addr})
		if err != nil {
			return err
		}
		s.Providers[string(kind)] = simulator
	}
	return nil
}

// SendBackTo tells the login providers where their one client lives: a
// redirect URI is registered, or refused.
func (s *Simulators) SendBackTo(serverURL string) {
	for kind, simulator := range s.Providers {
		source := kind
		if kind == string(providertest.OIDC) {
			source = simulatorIssuer
		}
		back := []string{serverURL + gotrue.Prefix + "/callback/" + source}
		if kind == string(providertest.WeChat) {
			simulator.Register(providertest.App{ID: simulatorOpenApp, Secret: simulatorKey, Name: "Tessera", RedirectURIs: back, Channel: wechat.ChannelOpen})
			simulator.Register(providertest.App{ID: simulatorMPApp, Secret: simulatorKey, Name: "Tessera", RedirectURIs: back, Channel: wechat.ChannelMP})
			continue
		}
		simulator.Register(providertest.App{ID: simulatorClient, Secret: simulatorKey, Name: "Tessera", RedirectURIs: back})
	}
}

// Our clients at the simulated login providers.
const (
	simulatorIssuer  = "corp" // the name of the OpenID provider
	simulatorClient  = "tessera"
	simulatorOpenApp = "wxtesseraopen0001"
	simulatorMPApp   = "wxtesseramp000001"
)

// providerSettings is what a server must be told to use the login providers.
func (s *Simulators) providerSettings() []string {
	at := func(kind providertest.Kind) string { return s.Providers[string(kind)].URL() }
	var pictures []string
	for _, simulator := range s.Providers {
		pictures = append(pictures, strings.TrimPrefix(simulator.URL(), "http://"))
	}
	slices.Sort(pictures)
	settings := []string{
		"TESSERA_PICTURES_ALLOWED_ADDRESSES=" + strings.Join(pictures, ","),
		"TESSERA_PROVIDERS_LINUXDO_URL=" + at(providertest.LinuxDo), "TESSERA_PROVIDERS_LINUXDO_FORUM_URL=" + at(providertest.LinuxDo),
		"TESSERA_PROVIDERS_GOOGLE_ISSUER=" + at(providertest.Google),
		"TESSERA_PROVIDERS_GITHUB_URL=" + at(providertest.GitHub), "TESSERA_PROVIDERS_GITHUB_API_URL=" + at(providertest.GitHub),
		"TESSERA_PROVIDERS_WECHAT_OPEN_URL=" + at(providertest.WeChat), "TESSERA_PROVIDERS_WECHAT_API_URL=" + at(providertest.WeChat),
		"TESSERA_PROVIDERS_WECHAT_OPEN_APP_ID=" + simulatorOpenApp, "TESSERA_PROVIDERS_WECHAT_OPEN_APP_SECRET=" + simulatorKey,
		"TESSERA_PROVIDERS_WECHAT_MP_APP_ID=" + simulatorMPApp, "TESSERA_PROVIDERS_WECHAT_MP_APP_SECRET=" + simulatorKey,
		`TESSERA_PROVIDERS_OIDC=[{"name":"` + simulatorIssuer + `","display_name":"Corp SSO","issuer":"` + at(providertest.OIDC) +
			`","client_id":"` + simulatorClient + `","client_secret":"` + simulatorKey + `"}]`,
	}
	for _, name := range []string{"LINUXDO", "GOOGLE", "GITHUB"} {
		settings = append(settings, "TESSERA_PROVIDERS_"+name+"_CLIENT_ID="+simulatorClient, "TESSERA_PROVIDERS_"+name+"_CLIENT_SECRET="+simulatorKey)
	}
	return settings
}

func (s *Simulators) serve(ctx context.Context, addr string, handler http.Handler) (url string, err error) {
	listener, err := listen(ctx, addr)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// Stop ends them.
func (s *Simulators) Stop() {
	if s.Mail != nil {
		s.Mail.Close()
	}
	for _, simulator := range s.Providers {
		simulator.Close()
	}
	for _, server := range s.servers {
		_ = server.Close()
	}
}

// Environment is what a server must be told to use the simulators.
func (s *Simulators) Environment() ([]string, error) {
	host, port, err := net.SplitHostPort(s.Mail.SMTPAddr())
	if err != nil {
		return nil, err
	}
	return append([]string{
		"TESSERA_MAIL_HOST=" + host, "TESSERA_MAIL_PORT=" + port, "TESSERA_MAIL_TLS=none",
		"TESSERA_MAIL_FROM=Tessera <no-reply@tessera.example>",
		"TESSERA_GATEWAY_UPSTREAM_BASE_URL=" + s.Upstream.URL + "/v1",
		"TESSERA_GATEWAY_UPSTREAM_API_KEY=" + simulatorKey,
		"TESSERA_GATEWAY_UPSTREAM_PROVIDER=simulator",
		"TESSERA_TEST_USERS_ENABLED=on",
		"TESSERA_TEST_USERS_MAIL_API_URL=" + s.MailAPI.URL,
		"TESSERA_TEST_USERS_MAIL_API_KEY=" + simulatorKey,
	}, s.providerSettings()...), nil
}

// pages are what a person may look at.
func (s *Simulators) pages() []console.Simulator {
	pages := []console.Simulator{
		{Name: "mail", Label: "Mail inbox (simulator)", URL: s.Mail.URL()},
		{Name: "upstream", Label: "Model server (simulator)", URL: s.Upstream.URL},
		{Name: "mail_api", Label: "Mail API (simulator)", URL: s.MailAPI.URL},
	}
	for _, kind := range providertest.Kinds() {
		pages = append(pages, console.Simulator{
			Name: string(kind), Label: kind.StandsInFor() + " (simulator)", URL: s.Providers[string(kind)].URL(),
		})
	}
	return pages
}

// urls are the simulators by name, for scripts.
func (s *Simulators) urls() map[string]string {
	out := map[string]string{}
	for _, p := range s.pages() {
		out[p.Name] = p.URL
	}
	return out
}

// Sim runs the simulators alone until ctx ends.
func (c Command) Sim(ctx context.Context, host string) error {
	s, err := StartSimulators(ctx, host)
	if err != nil {
		return err
	}
	defer s.Stop()
	settings, err := s.Environment()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Out, "Simulators, for trying things out on this machine. Nothing here is real.")
	for _, p := range s.pages() {
		fmt.Fprintf(c.Out, "  %-28s %s\n", p.Label, p.URL)
	}
	fmt.Fprintln(c.Out, "\nA server uses them with these settings:")
	for _, line := range settings {
		name, value, _ := strings.Cut(line, "=")
		fmt.Fprintf(c.Out, "  export %s='%s'\n", name, value)
	}
	<-ctx.Done()
	return nil
}
