package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tessera/httpapi"
	"tessera/store"
)

// metrics are all that the program counts.
type metrics struct {
	registry *prometheus.Registry
	http     *httpapi.Metrics

	logins        *prometheus.CounterVec
	tokenFailures *prometheus.CounterVec
	keyFetches    *prometheus.CounterVec
	syncSeconds   *prometheus.HistogramVec
	streamsOpen   prometheus.Gauge
	firstDelta    prometheus.Histogram
	messages      *prometheus.CounterVec
	jobSeconds    *prometheus.HistogramVec
	outages       prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tessera_logins_total", Help: "Sign-in attempts by method and by result (ok, or the fault's code).",
		}, []string{"method", "result"}),
		tokenFailures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tessera_token_verification_failures_total", Help: "Access tokens that were refused, by reason.",
		}, []string{"reason"}),
		keyFetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tessera_issuer_key_fetches_total", Help: "Fetches of trusted issuers' keys, by issuer and result.",
		}, []string{"issuer", "result"}),
		syncSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tessera_user_sync_seconds", Help: "Time to find or make the local user of a trusted issuer's subject.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1},
		}, []string{"result"}),
		streamsOpen: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tessera_streams_open", Help: "Event streams that are open.",
		}),
		firstDelta: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tessera_message_first_delta_seconds", Help: "Time from a message's creation to its first text.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tessera_messages_total", Help: "Messages that ended, by outcome (completed, or the error's code).",
		}, []string{"outcome"}),
		jobSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tessera_job_seconds", Help: "Attempts of background jobs, by kind and result.",
			Buckets: []float64{.005, .025, .1, .5, 1, 5, 30, 120},
		}, []string{"kind", "result"}),
		outages: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tessera_coordination_away", Help: "1 while the coordination server is away and this process decides alone.",
		}),
	}
	m.registry.MustRegister(m.logins, m.tokenFailures, m.keyFetches, m.syncSeconds, m.streamsOpen, m.firstDelta,
		m.messages, m.jobSeconds, m.outages, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.http = httpapi.NewMetrics(m.registry)
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "tessera_build_info", Help: "Always 1; the label says which version runs.",
	}, []string{"version"})
	info.WithLabelValues(Version).Set(1)
	m.registry.MustRegister(info)
	return m
}

func (m *metrics) onSignIn(method, result string) { m.logins.WithLabelValues(method, result).Inc() }

func (m *metrics) onTokenFailure(reason string) { m.tokenFailures.WithLabelValues(reason).Inc() }

func (m *metrics) onKeyFetch(issuer string, err error) {
	m.keyFetches.WithLabelValues(issuer, okOr(err, "failed")).Inc()
}

func (m *metrics) onSync(took time.Duration, isNew bool, err error) {
	result := okOr(err, "failed")
	if err == nil && isNew {
		result = "created"
	}
	m.syncSeconds.WithLabelValues(result).Observe(took.Seconds())
}

func (m *metrics) onJob(kind, result string, took time.Duration) {
	m.jobSeconds.WithLabelValues(kind, result).Observe(took.Seconds())
}

func (m *metrics) onOutage(away bool) {
	m.outages.Set(0)
	if away {
		m.outages.Set(1)
	}
}

func okOr(err error, word string) string {
	if err == nil {
		return "ok"
	}
	return word
}

// poolCollector reads the database's pools when Prometheus asks.
type poolCollector struct{ db *store.DB }

var (
	poolOpen   = prometheus.NewDesc("tessera_db_connections", "Open database connections, by pool and state.", []string{"pool", "state"}, nil)
	poolWaits  = prometheus.NewDesc("tessera_db_waits_total", "Calls that had to wait for a connection.", []string{"pool"}, nil)
	poolWaited = prometheus.NewDesc("tessera_db_wait_seconds_total", "Time that calls waited for a connection.", []string{"pool"}, nil)
)

// Describe implements prometheus.Collector.
func (poolCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- poolOpen
	ch <- poolWaits
	ch <- poolWaited
}

// Collect implements prometheus.Collector.
func (c poolCollector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.db.Stats() {
		ch <- prometheus.MustNewConstMetric(poolOpen, prometheus.GaugeValue, float64(s.InUse), s.Pool, "in_use")
		ch <- prometheus.MustNewConstMetric(poolOpen, prometheus.GaugeValue, float64(s.Open-s.InUse), s.Pool, "idle")
		ch <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(s.Waits), s.Pool)
		ch <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, s.Waited.Seconds(), s.Pool)
	}
}

// jobCollector counts the jobs that are not done when Prometheus asks.
type jobCollector struct {
	stats func(ctx context.Context) (ready, running, dead int, err error)
}

var jobsDesc = prometheus.NewDesc("tessera_jobs", "Background jobs that are not done, by state.", []string{"state"}, nil)

// Describe implements prometheus.Collector.
func (jobCollector) Describe(ch chan<- *prometheus.Desc) { ch <- jobsDesc }

// Collect implements prometheus.Collector.
func (c jobCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	ready, running, dead, err := c.stats(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(jobsDesc, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(ready), "ready")
	ch <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(running), "running")
	ch <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(dead), "dead")
}
