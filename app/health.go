package app

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tessera/httpapi"
)

// check is one thing that must work before requests are served.
type check struct {
	name string
	run  func(ctx context.Context) error
}

// health answers probes. It tells what works and what does not, and never why:
// that is for the log.
type health struct {
	checks   []check
	stopping atomic.Bool
	timeout  time.Duration
}

type checkView struct {
	Name   string `json:"name"`
	Status string `json:"status"` // "ok" or "failing"
}

type readyView struct {
	Status string      `json:"status"` // "ready", "failing" or "stopping"
	Checks []checkView `json:"checks"`
}

// live answers /healthz: the process runs.
func (*health) live(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": Version})
}

// ready answers /readyz: requests can be served.
func (h *health) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	view, status := readyView{Status: "ready"}, http.StatusOK
	for _, c := range h.checks {
		result := "ok"
		if err := c.run(ctx); err != nil {
			httpapi.Report(r.Context(), err)
			result, view.Status, status = "failing", "failing", http.StatusServiceUnavailable
		}
		view.Checks = append(view.Checks, checkView{Name: c.name, Status: result})
	}
	if h.stopping.Load() {
		view.Status, status = "stopping", http.StatusServiceUnavailable
	}
	return httpapi.WriteJSON(w, status, view)
}

// MetricsConfig says who may read /metrics.
type MetricsConfig struct {
	Addr  string `unit:"host:port" doc:"Serve /metrics on this address alone. Empty: on the main one, for whoever holds the token, or, without a token, for callers on this machine that come through no proxy."`
	Token string `secret:"true" doc:"Bearer token that /metrics demands, wherever it is served."`
}

// metricsHandler serves the registry to whom the configuration allows.
// Everybody else is told that there is nothing.
func metricsHandler(reg *prometheus.Registry, c MetricsConfig, ownAddress bool) http.Handler {
	serve := promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := ownAddress || isLocal(r)
		if c.Token != "" {
			given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			allowed = subtle.ConstantTimeCompare([]byte(given), []byte(c.Token)) == 1
		}
		if !allowed {
			http.NotFound(w, r)
			return
		}
		serve.ServeHTTP(w, r)
	})
}

// isLocal reports whether a request was made on this machine and passed no
// proxy: one that runs here would make every stranger look local.
func isLocal(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != "" {
		return false
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
