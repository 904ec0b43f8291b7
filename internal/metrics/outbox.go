package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
)

// Outbox reads what waits for the merchant's webhook when Prometheus asks. As with Books, take
// max() over workers.
type Outbox struct {
	outbox *ledger.Outbox
	now    func() time.Time
	log    *zap.Logger

	waiting, oldest, undelivered *prometheus.Desc
}

// NewOutbox is a collector to register beside the process's own metrics.
func NewOutbox(o *ledger.Outbox, now func() time.Time, log *zap.Logger) *Outbox {
	return &Outbox{
		outbox: o, now: now, log: log,
		waiting:     desc("salur_webhook_waiting", "Payouts with outcomes that the webhook has not been told yet."),
		oldest:      desc("salur_webhook_oldest_waiting_age_seconds", "Age of the oldest outcome that waits, in seconds; 0 without one."),
		undelivered: desc("salur_webhook_undelivered", "Payouts with outcomes that were given up after three days."),
	}
}

// Describe implements prometheus.Collector.
func (o *Outbox) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{o.waiting, o.oldest, o.undelivered} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What cannot be read is left out rather than shown as 0.
func (o *Outbox) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	b, err := o.outbox.Backlog(ctx)
	if err != nil {
		o.log.Warn("the outbox could not be read for the metrics", zap.Error(err))
		return
	}
	age := 0.0
	if !b.Oldest.IsZero() {
		age = o.now().Sub(b.Oldest).Seconds()
	}
	for d, v := range map[*prometheus.Desc]float64{o.waiting: float64(b.Waiting), o.oldest: age, o.undelivered: float64(b.Undelivered)} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
}
