package app_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"tessera/app/apptest"
)

// collector is an OTLP/HTTP collector that keeps what it was sent.
type collector struct {
	mu     sync.Mutex
	bodies bytes.Buffer
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == "/v1/traces" {
		_, _ = io.Copy(&c.bodies, r.Body)
	}
}

// Traces leave when an endpoint is set: named by route, without the query, and
// the log line names the trace.
func TestTraces(t *testing.T) {
	t.Parallel()
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_TRACING_ENDPOINT=" + server.URL}})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	s.Must(t, http.StatusNotFound, "GET", "/auth/v1/verify-nothing?token=a-secret-token", nil, "traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	s.Must(t, http.StatusUnauthorized, "GET", "/api/v1/me?token=a-secret-token", nil, "traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	s.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.bodies.String()
	if !strings.Contains(sent, "GET /api/v1/me") || !strings.Contains(sent, "tessera") {
		t.Errorf("no span of the request in %d bytes", len(sent))
	}
	if strings.Contains(sent, "a-secret-token") {
		t.Error("the query is in a span")
	}
	if !strings.Contains(s.Logs.String(), `"trace_id":"`+trace+`"`) {
		t.Error("the log line does not name the trace")
	}
}
