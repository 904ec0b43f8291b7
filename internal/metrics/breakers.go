package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// breakers asks for the states when Prometheus does: an open breaker becomes half-open when it is
// looked at, so that a gauge set on changes would show an idle worker's as open for ever.
type breakers struct {
	state *prometheus.Desc

	mu      sync.Mutex
	sources []func() map[string]string
}

func (b *breakers) Describe(ch chan<- *prometheus.Desc) { ch <- b.state }

func (b *breakers) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	sources := b.sources
	b.mu.Unlock()
	worst := map[string]float64{}
	for _, source := range sources {
		for api, state := range source() {
			api = bounded("salur_breaker_state", api)[0]
			worst[api] = max(worst[api], map[string]float64{"closed": 0, "half-open": 1, "open": 2}[state])
		}
	}
	for api, v := range worst {
		ch <- prometheus.MustNewConstMetric(b.state, prometheus.GaugeValue, v, api)
	}
}

// Breakers shows the circuit breakers that states returns: closed, half-open or open by API. It is
// called for each scrape.
func (m *Metrics) Breakers(states func() map[string]string) {
	m.breakers.mu.Lock()
	defer m.breakers.mu.Unlock()
	m.breakers.sources = append(m.breakers.sources, states)
}
