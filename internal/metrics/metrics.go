// Package metrics is what a worker tells Prometheus. No label has unbounded values, and
// none carries a reference, a phone number or an account.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// Metrics are those of one worker process.
type Metrics struct {
	Registry *prometheus.Registry

	outcomes      *prometheus.CounterVec
	latency       *prometheus.HistogramVec
	transitions   *prometheus.CounterVec
	progress      *prometheus.GaugeVec
	attempts      prometheus.Counter
	finds         *prometheus.CounterVec
	unreadable    prometheus.Counter
	unrecorded    prometheus.Counter
	contradicted  prometheus.Counter
	otherContent  prometheus.Counter
	altered       prometheus.Counter
	storeLost     prometheus.Counter
	putAside      prometheus.Counter
	clockOffset   *prometheus.GaugeVec
	breakers      *breakers
	hold          *prometheus.GaugeVec
	notifies      *prometheus.CounterVec
	webhooks      *prometheus.CounterVec
	balance       *prometheus.GaugeVec
	balanceReadAt *prometheus.GaugeVec
	lowWater      *prometheus.GaugeVec
	build         *prometheus.GaugeVec
}

// New makes the metrics of one process, with those of the Go runtime beside them.
func New() *Metrics {
	m := &Metrics{
		Registry:    prometheus.NewRegistry(),
		outcomes:    counters("salur_outcomes_total", "Exchanges with DANA, by API and by what they proved."),
		transitions: counters("salur_transitions_total", "Changes of a payout's state, by the state it left and the one it reached."),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "salur_exchange_duration_seconds", Help: "How long an exchange with DANA took, in seconds.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 6, 8, 10},
		}, names("salur_exchange_duration_seconds")),
		progress: gauges("salur_last_progress_timestamp_seconds", "When this worker last changed a payout's state, in Unix time; absent before the first."),
		attempts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_attempts_total", Help: "Attempts written ahead, each about to be sent.",
		}),
		finds: counters("salur_sweeper_finds_total", "What the sweeper had to mend: attempts without an outcome, lost wake-ups, and so on."),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_unreadable_tasks_total", Help: "Deliveries of tasks that cannot be read, or that are of another type than ours; they are parked for a person.",
		}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_unrecorded_answers_total", Help: "Answers of DANA that could not be written to the ledger; their attempts count as lost.",
		}),
		contradicted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_paid_after_failed_total", Help: "Answers in which DANA said paid, or still paying, of a payout that is booked as failed. Must be 0.",
		}),
		otherContent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_other_content_after_paid_total", Help: "Answers in which DANA said that the number of a payout that is booked as succeeded has other content. Must be 0.",
		}),
		altered: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_instruction_altered_total", Help: "Payouts whose instruction on record is not the one that was accepted; they are not sent. Must be 0.",
		}),
		storeLost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_store_lost_total", Help: "Times that this worker found another store in the place of its own: Redis was emptied, replaced or put back from a backup. Must be 0.",
		}),
		putAside: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "salur_unreadable_records_total", Help: "Records, events and outcomes that this worker could not read and put aside, each once. Must be 0.",
		}),
		clockOffset: gauges("salur_clock_offset_seconds", "How far this worker's clock is ahead of Redis's, in seconds; past 30, either way, it does not work."),
		breakers: &breakers{state: prometheus.NewDesc("salur_breaker_state",
			"Circuit breaker of an API: 0 closed, 1 half-open, 2 open.", names("salur_breaker_state"), nil)},
		hold:          gauges("salur_hold", "1 while sending is held, by who holds it and why."),
		notifies:      counters("salur_notifies_total", "DANA's bank notifies: accepted, of an unknown payout, refused (not signed by DANA, not readable), failed (Redis away). Repetitions that are recognised are not counted."),
		webhooks:      counters("salur_webhook_attempts_total", "Attempts to deliver an outcome to the merchant's webhook, by how they went: delivered, refused, timeout, unreachable, untrusted, forbidden_address."),
		balance:       gauges("salur_balance_rupiah", "The merchant's balance at DANA as this worker last read it, in rupiah; absent when it is not watched."),
		balanceReadAt: gauges("salur_balance_read_timestamp_seconds", "When this worker last read that balance, in Unix time."),
		lowWater:      gauges("salur_low_water_rupiah", "The balance below which sending is held, in rupiah; absent when none is set."),
		build: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "salur_build_info", Help: "1, with what this worker was built from.",
		}, []string{"version", "goversion"}),
	}
	// A counter that appears with its first event has no increase that Prometheus could see.
	for metric, vec := range map[string]*prometheus.CounterVec{
		"salur_sweeper_finds_total": m.finds, "salur_notifies_total": m.notifies, "salur_webhook_attempts_total": m.webhooks,
	} {
		for _, v := range labels[metric][0].values {
			vec.WithLabelValues(v)
		}
	}
	for _, from := range notOver.values {
		for _, to := range statemachine.States {
			if to.Final() {
				m.transitions.WithLabelValues(from, string(to))
			}
		}
	}
	m.Registry.MustRegister(
		m.outcomes, m.latency, m.transitions, m.progress, m.attempts, m.finds, m.unreadable, m.unrecorded, m.contradicted, m.otherContent, m.altered, m.storeLost, m.putAside, m.clockOffset,
		m.breakers, m.hold,
		m.notifies, m.webhooks, m.balance, m.balanceReadAt, m.lowWater, m.build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func counters(name, help string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, names(name))
}

func gauges(name, help string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, names(name))
}

// Build shows what the program was built from.
func (m *Metrics) Build(version, goversion string) {
	m.build.WithLabelValues(version, goversion).Set(1)
}

// Exchange counts one exchange with DANA.
func (m *Metrics) Exchange(api, outcome string, took time.Duration) {
	m.outcomes.WithLabelValues(bounded("salur_outcomes_total", api, outcome)...).Inc()
	m.latency.WithLabelValues(bounded("salur_exchange_duration_seconds", api)...).Observe(took.Seconds())
}

// Transition counts a change of state that was made at the time given.
func (m *Metrics) Transition(from, to string, at time.Time) {
	if from != to {
		m.transitions.WithLabelValues(bounded("salur_transitions_total", from, to)...).Inc()
		m.progress.WithLabelValues().Set(seconds(at))
	}
}

// Attempt counts an attempt written ahead.
func (m *Metrics) Attempt() { m.attempts.Inc() }

// Find counts something the sweeper had to mend.
func (m *Metrics) Find(what string) {
	m.finds.WithLabelValues(bounded("salur_sweeper_finds_total", what)...).Inc()
}

// Unreadable counts a delivery of a task that cannot be read.
func (m *Metrics) Unreadable() { m.unreadable.Inc() }

// StoreLost counts a loss: what is in Redis is not what this worker began with.
func (m *Metrics) StoreLost() { m.storeLost.Inc() }

// PutAside counts a record, event or outcome that cannot be read.
func (m *Metrics) PutAside() { m.putAside.Inc() }

// ClockOffset is how far this worker's clock is ahead of Redis's.
func (m *Metrics) ClockOffset(ahead time.Duration) {
	m.clockOffset.WithLabelValues().Set(ahead.Seconds())
}

// Unrecorded counts an answer that could not be written to the ledger.
func (m *Metrics) Unrecorded() { m.unrecorded.Inc() }

// InstructionAltered counts a payout whose instruction on record is not the one that was accepted.
func (m *Metrics) InstructionAltered() { m.altered.Inc() }

// PaidAfterFailed counts an answer of DANA that contradicts a failure on record.
func (m *Metrics) PaidAfterFailed() { m.contradicted.Inc() }

// OtherContentAfterPaid counts an answer of DANA that contradicts a success on record.
func (m *Metrics) OtherContentAfterPaid() { m.otherContent.Inc() }

// Notify counts a notify of DANA: accepted, unknown, refused or failed.
func (m *Metrics) Notify(result string) {
	m.notifies.WithLabelValues(bounded("salur_notifies_total", result)...).Inc()
}

// Webhook counts an attempt to deliver an outcome, by how it went.
func (m *Metrics) Webhook(result string) {
	m.webhooks.WithLabelValues(bounded("salur_webhook_attempts_total", result)...).Inc()
}

// Hold shows whether sending is held.
func (m *Metrics) Hold(by, cause string, held bool) {
	values := bounded("salur_hold", by, cause)
	if held {
		m.hold.WithLabelValues(values...).Set(1)
	} else {
		m.hold.DeleteLabelValues(values...)
	}
}

// Balance shows the merchant's balance at DANA as it was read at the time given.
func (m *Metrics) Balance(a money.Amount, at time.Time) {
	m.balance.WithLabelValues().Set(rupiah(a))
	m.balanceReadAt.WithLabelValues().Set(seconds(at))
}

// LowWater shows the balance below which sending is held.
func (m *Metrics) LowWater(a money.Amount) { m.lowWater.WithLabelValues().Set(rupiah(a)) }

// rupiah is for graphs: nothing is decided on it.
func rupiah(a money.Amount) float64 { return float64(a.Cents()) / 100 }

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
