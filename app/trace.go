package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TracingConfig says where traces go.
type TracingConfig struct {
	Endpoint    string  `doc:"OTLP/HTTP collector, as http://collector:4318. Empty: no traces."`
	SampleRatio float64 `default:"1" doc:"Part of new traces that is kept, 0 to 1. A caller's decision is kept."`
}

// Check implements the rules of this section.
func (c TracingConfig) Check(report func(field, message string)) {
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Host == "") {
		report("endpoint", "must be an http or https URL")
	}
	if c.SampleRatio < 0 || c.SampleRatio > 1 {
		report("sample_ratio", "must be between 0 and 1")
	}
}

// tracing sends traces. The zero value sends none and costs nothing.
type tracing struct{ provider *sdktrace.TracerProvider }

func newTracing(ctx context.Context, c TracingConfig) (*tracing, error) {
	if c.Endpoint == "" {
		return &tracing{}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Endpoint+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", "tessera"), attribute.String("service.version", Version))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(about),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.SampleRatio))))
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return &tracing{provider: provider}, nil
}

// server traces requests, probes left out. The span gets its route's name once
// the router has found it.
func (t *tracing) server(next http.Handler) http.Handler {
	if t.provider == nil {
		return next
	}
	return otelhttp.NewHandler(next, "http", otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithFilter(func(r *http.Request) bool {
			return r.URL.Path != "/healthz" && r.URL.Path != "/readyz" && r.URL.Path != "/metrics"
		}))
}

// nameSpan is a router's middleware: only inside does the pattern exist.
func (t *tracing) nameSpan(next http.Handler) http.Handler {
	if t.provider == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if route := chi.RouteContext(r.Context()); route != nil {
			trace.SpanFromContext(r.Context()).SetName(r.Method + " " + route.RoutePattern())
		}
	})
}

// client traces outgoing requests and passes the trace on.
func (t *tracing) client(base http.RoundTripper) http.RoundTripper {
	if t.provider == nil {
		return base
	}
	return otelhttp.NewTransport(base, otelhttp.WithTracerProvider(t.provider))
}

func (t *tracing) stop(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
