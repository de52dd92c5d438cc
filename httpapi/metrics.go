package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route pattern, method and status.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	limited  *prometheus.CounterVec
}

// NewMetrics registers the HTTP metrics:
//
//	tessera_http_requests_total{route,method,status}
//	tessera_http_request_duration_seconds{route,method}, without event streams
//	tessera_http_requests_in_flight
//	tessera_http_rate_limited_total{limit,by}
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tessera_http_requests_total", Help: "Requests answered, by route pattern.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tessera_http_request_duration_seconds",
			Help:    "Time to the end of the answer, event streams left out.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tessera_http_requests_in_flight", Help: "Requests being answered, event streams included.",
		}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tessera_http_rate_limited_total", Help: "Requests refused by a rate limit.",
		}, []string{"limit", "by"}),
	}
	reg.MustRegister(m.requests, m.duration, m.inFlight, m.limited)
	return m
}

// begin counts a request in and returns what counts it out.
func (m *Metrics) begin() func(*http.Request, middleware.WrapResponseWriter, time.Duration) {
	if m == nil {
		return func(*http.Request, middleware.WrapResponseWriter, time.Duration) {}
	}
	m.inFlight.Inc()
	return func(r *http.Request, ww middleware.WrapResponseWriter, took time.Duration) {
		m.inFlight.Dec()
		route, method := RoutePattern(r), methodLabel(r.Method)
		m.requests.WithLabelValues(route, method, strconv.Itoa(statusOf(ww))).Inc()
		if !strings.HasPrefix(ww.Header().Get("Content-Type"), "text/event-stream") {
			m.duration.WithLabelValues(route, method).Observe(took.Seconds())
		}
	}
}

// methodLabel keeps a stranger's invented methods from becoming labels.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
