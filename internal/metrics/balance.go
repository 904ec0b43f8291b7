package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/salur-id/salur/internal/money"
)

// Balance shows the merchant's balance at DANA as it was read at the time given.
func (m *Metrics) Balance(a money.Amount, at time.Time) {
	m.gauge("salur_balance_rupiah", "The merchant's balance at DANA as this worker last read it, in rupiah; absent when it is not watched.").
		Set(float64(a.Cents()) / 100)
	m.gauge("salur_balance_read_timestamp_seconds", "When that balance was read, in Unix time.").Set(float64(at.UnixMilli()) / 1000)
}

// LowWater shows the balance below which sending is held.
func (m *Metrics) LowWater(a money.Amount) {
	m.gauge("salur_low_water_rupiah", "The balance below which sending is held, in rupiah; absent when none is set.").Set(float64(a.Cents()) / 100)
}

// gauge is there from when it is first set.
func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	var there prometheus.AlreadyRegisteredError
	if err := m.Registry.Register(g); errors.As(err, &there) {
		g = there.ExistingCollector.(prometheus.Gauge)
	}
	return g
}
