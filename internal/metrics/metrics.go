// Package metrics is what a worker tells Prometheus. No label has unbounded values, and
// none carries a reference, a phone number or an account.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the counters of one worker process.
type Metrics struct {
	Registry *prometheus.Registry

	outcomes    *prometheus.CounterVec
	latency     *prometheus.HistogramVec
	transitions *prometheus.CounterVec
	attempts    prometheus.Counter
	finds       *prometheus.CounterVec
	unreadable  prometheus.Counter
	unrecorded  prometheus.Counter
	breaker     *prometheus.GaugeVec
	hold        *prometheus.GaugeVec
	notifies    *prometheus.CounterVec
	webhooks    *prometheus.CounterVec
}

// New makes the metrics of one process, with those of the Go runtime beside them.
func New() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "salur_outcomes_total", Help: "Exchanges with DANA, by API and by what they proved.",
		}, []string{"api", "outcome"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "salur_exchange_duration_seconds", Help: "How long an exchange with DANA took, in seconds.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 6, 8, 10},
		}, []string{"api"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "salur_transitions_total", Help: "Changes of a payout's state, by the state it left and the one it reached.",
		}, []string{"from", "to"}),
		attempts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_attempts_total", Help: "Attempts written ahead, each about to be sent.",
		}),
		finds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "salur_sweeper_finds_total", Help: "What the sweeper had to mend: attempts without an outcome, lost wake-ups, and so on.",
		}, []string{"what"}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_unreadable_tasks_total", Help: "Deliveries of tasks whose payload cannot be read; they are parked for a person.",
		}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_unrecorded_answers_total", Help: "Answers of DANA that could not be written to the ledger; their attempts count as lost.",
		}),
		breaker: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "salur_breaker_state", Help: "Circuit breaker of an API: 0 closed, 1 half-open, 2 open.",
		}, []string{"api"}),
		hold: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "salur_hold", Help: "1 while sending is held, by who holds it and why.",
		}, []string{"by", "cause"}),
		notifies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "salur_notifies_total", Help: "DANA's bank notifies: accepted, of an unknown payout, refused (not signed by DANA, not readable), failed (Redis away). Repetitions that are recognised are not counted.",
		}, []string{"result"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "salur_webhook_attempts_total", Help: "Attempts to deliver an outcome to the merchant's webhook, by how they went: delivered, refused, timeout, unreachable, untrusted, forbidden_address.",
		}, []string{"result"}),
	}
	m.Registry.MustRegister(
		m.outcomes, m.latency, m.transitions, m.attempts, m.finds, m.unreadable, m.unrecorded, m.breaker, m.hold, m.notifies, m.webhooks,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Exchange counts one exchange with DANA.
func (m *Metrics) Exchange(api, outcome string, took time.Duration) {
	m.outcomes.WithLabelValues(api, outcome).Inc()
	m.latency.WithLabelValues(api).Observe(took.Seconds())
}

// Transition counts a change of state.
func (m *Metrics) Transition(from, to string) {
	if from != to {
		m.transitions.WithLabelValues(from, to).Inc()
	}
}

// Attempt counts an attempt written ahead.
func (m *Metrics) Attempt() { m.attempts.Inc() }

// Find counts something the sweeper had to mend.
func (m *Metrics) Find(what string) { m.finds.WithLabelValues(what).Inc() }

// Unreadable counts a delivery of a task that cannot be read.
func (m *Metrics) Unreadable() { m.unreadable.Inc() }

// Unrecorded counts an answer that could not be written to the ledger.
func (m *Metrics) Unrecorded() { m.unrecorded.Inc() }

// Notify counts a notify of DANA: accepted, unknown, refused or failed.
func (m *Metrics) Notify(result string) { m.notifies.WithLabelValues(result).Inc() }

// Webhook counts an attempt to deliver an outcome, by how it went.
func (m *Metrics) Webhook(result string) { m.webhooks.WithLabelValues(result).Inc() }

// Breaker shows the state of an API's circuit breaker, in gobreaker's words.
func (m *Metrics) Breaker(api, state string) {
	m.breaker.WithLabelValues(api).Set(map[string]float64{"closed": 0, "half-open": 1, "open": 2}[state])
}

// Hold shows whether sending is held.
func (m *Metrics) Hold(by, cause string, held bool) {
	if held {
		m.hold.WithLabelValues(by, cause).Set(1)
	} else {
		m.hold.DeleteLabelValues(by, cause)
	}
}
