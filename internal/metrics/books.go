package metrics

import (
	"context"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
)

// Books reads the ledger and the queues when Prometheus asks: they are the same for every
// worker, so take max() over workers, not sum().
type Books struct {
	ledger    *ledger.Redis
	inspector *asynq.Inspector
	log       *zap.Logger
	now       func() time.Time

	count, sum, oldest, open, tasks, latency, up *prometheus.Desc
}

// NewBooks is a collector to register beside the process's own metrics.
func NewBooks(l *ledger.Redis, rdb redis.UniversalClient, now func() time.Time, log *zap.Logger) *Books {
	return &Books{
		ledger: l, inspector: asynq.NewInspectorFromRedisClient(rdb), now: now, log: log,
		count:   desc("salur_transactions", "Payouts in the ledger, by state."),
		sum:     desc("salur_transactions_rupiah", "Sum of the payouts in the ledger in rupiah, by state."),
		oldest:  desc("salur_oldest_transaction_age_seconds", "Age of the oldest payout in a state that is not final, in seconds; 0 without one."),
		open:    desc("salur_open_payouts", "Payouts by what is to be done next: send, wait for an attempt's answer, inquire. Those in review have nothing scheduled."),
		tasks:   desc("salur_queue_tasks", "Tasks in a queue, by asynq's state. Archived must be 0."),
		latency: desc("salur_queue_latency_seconds", "How long the oldest task ready to run has waited, in seconds."),
		up:      desc("salur_ledger_up", "1 if the ledger could be read for this scrape."),
	}
}

func desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, names(name), nil)
}

// Describe implements prometheus.Collector.
func (b *Books) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.count, b.sum, b.oldest, b.open, b.tasks, b.latency, b.up} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b *Books) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	stats, err := b.ledger.Stats(ctx)
	if err != nil {
		b.log.Warn("the ledger could not be read for the metrics", zap.Error(err))
		gauge(b.up, 0)
		return
	}
	steps, err := b.ledger.Steps(ctx)
	if err != nil {
		b.log.Warn("the ledger could not be read for the metrics", zap.Error(err))
		gauge(b.up, 0)
		return
	}
	gauge(b.up, 1)
	for _, s := range stats {
		gauge(b.count, float64(s.Count), string(s.State))
		gauge(b.sum, float64(s.Cents)/100, string(s.State)) // for graphs: nothing is decided on it
		if s.State.Final() {
			continue
		}
		age := 0.0
		if !s.Oldest.IsZero() {
			age = b.now().Sub(s.Oldest).Seconds()
		}
		gauge(b.oldest, age, string(s.State))
	}
	for _, s := range steps {
		gauge(b.open, float64(s.Count), string(s.Kind), string(s.Step))
	}
	b.queues(gauge)
}

// queues adds up the queues that are not ours: whoever enqueues names them, so they could be any
// number, and a payout that was put into one has no worker.
func (b *Books) queues(gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	type key struct{ queue, state string }
	tasks, latency := map[key]int{}, map[string]float64{}
	queues, err := b.inspector.Queues()
	if err != nil {
		b.log.Warn("the queues could not be read for the metrics", zap.Error(err))
		return
	}
	for _, q := range queues {
		info, err := b.inspector.GetQueueInfo(q)
		if err != nil {
			continue // unknown is left out rather than shown as 0
		}
		q = bounded("salur_queue_latency_seconds", q)[0]
		for state, n := range map[string]int{
			"pending": info.Pending, "active": info.Active, "scheduled": info.Scheduled,
			"retry": info.Retry, "archived": info.Archived, "completed": info.Completed,
		} {
			tasks[key{q, state}] += n
		}
		latency[q] = max(latency[q], info.Latency.Seconds())
	}
	for k, n := range tasks {
		gauge(b.tasks, float64(n), k.queue, k.state)
	}
	for q, v := range latency {
		gauge(b.latency, v, q)
	}
}
