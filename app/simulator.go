package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"tessera/gateway/gatewaytest"
	"tessera/httpapi/console"
	"tessera/mail/mailtest"
	"tessera/testuser/mailapitest"
)

// simulators are the simulated neighbours, each on a loopback port of its own.
// They run in demonstrations, under `tessera sim` and in tests, never else.
type simulators struct {
	mail     *mailtest.Mailbox
	upstream *simulatorServer
	mailAPI  *simulatorServer
}

// simulatorServer is one simulator that is a plain handler.
type simulatorServer struct {
	URL    string
	server *http.Server
}

// simulatorKey is the API key that the simulators want. It opens nothing else.
const simulatorKey = "simulator-key"

// startSimulators starts them on free ports of host, a loopback address.
func startSimulators(ctx context.Context, host string) (_ *simulators, err error) {
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("simulators listen on loopback addresses only, and %q is none", host)
	}
	free := net.JoinHostPort(host, "0")
	s := &simulators{}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.mail, err = mailtest.Start(ctx, free, free); err != nil {
		return nil, err
	}
	if s.upstream, err = serveSimulator(ctx, free, gatewaytest.New(gatewaytest.Config{APIKey: simulatorKey})); err != nil {
		return nil, err
	}
	s.mailAPI, err = serveSimulator(ctx, free, mailapitest.New(mailapitest.Config{
		Key: simulatorKey, Domains: []string{"mailbox.tessera.example"}, Now: time.Now, //nolint:forbidigo // a simulator's own clock
	}))
	return s, err
}

func serveSimulator(ctx context.Context, addr string, handler http.Handler) (*simulatorServer, error) {
	listener, err := listen(ctx, addr)
	if err != nil {
		return nil, err
	}
	s := &simulatorServer{
		URL:    "http://" + listener.Addr().String(),
		server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

func (s *simulators) stop() {
	if s.mail != nil {
		s.mail.Close()
	}
	for _, other := range []*simulatorServer{s.upstream, s.mailAPI} {
		if other != nil {
			_ = other.server.Close()
		}
	}
}

// environment is what a server must be told to use the simulators.
func (s *simulators) environment() ([]string, error) {
	host, port, err := net.SplitHostPort(s.mail.SMTPAddr())
	if err != nil {
		return nil, err
	}
	return []string{
		"TESSERA_MAIL_HOST=" + host, "TESSERA_MAIL_PORT=" + port, "TESSERA_MAIL_TLS=none",
		"TESSERA_MAIL_FROM=Tessera <no-reply@tessera.example>",
		"TESSERA_GATEWAY_UPSTREAM_BASE_URL=" + s.upstream.URL + "/v1",
		"TESSERA_GATEWAY_UPSTREAM_API_KEY=" + simulatorKey,
		"TESSERA_GATEWAY_UPSTREAM_PROVIDER=simulator",
		"TESSERA_TEST_USERS_ENABLED=on",
		"TESSERA_TEST_USERS_MAIL_API_URL=" + s.mailAPI.URL,
		"TESSERA_TEST_USERS_MAIL_API_KEY=" + simulatorKey,
	}, nil
}

// pages are what a person may look at.
func (s *simulators) pages() []console.Simulator {
	return []console.Simulator{
		{Name: "mail", Label: "Mail inbox (simulator)", URL: s.mail.URL()},
		{Name: "upstream", Label: "Model server (simulator)", URL: s.upstream.URL},
		{Name: "mail_api", Label: "Mail API (simulator)", URL: s.mailAPI.URL},
	}
}

// urls are the simulators by name, for scripts.
func (s *simulators) urls() map[string]string {
	out := map[string]string{}
	for _, p := range s.pages() {
		out[p.Name] = p.URL
	}
	return out
}

// Sim runs the simulators alone until ctx ends.
func (c Command) Sim(ctx context.Context, host string) error {
	s, err := startSimulators(ctx, host)
	if err != nil {
		return err
	}
	defer s.stop()
	settings, err := s.environment()
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
