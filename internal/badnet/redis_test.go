package badnet

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// The line to Redis is spoilt while sends and inquiries are at DANA, so that their outcomes
// are written down over it, and made good again.
func TestLineToRedis(t *testing.T) {
	t.Parallel()
	const (
		each = 10 // payouts that are sent, and as many that are inquired about

		fails = "commands fail, until the line is good again"
		copes = "commands may fail, and the work gets done over this very line"
	)
	for _, tt := range []struct {
		name  string
		kind  string
		attrs map[string]int
		end   string
	}{
		{"late", "latency", map[string]int{"latency": 1500}, fails}, // the client waits a second
		{"slow", "latency", map[string]int{"latency": 30}, copes},
		{"silent", "timeout", map[string]int{"timeout": 0}, fails},
		{"silent and closed", "timeout", map[string]int{"timeout": 100}, fails},
		{"reset at once", "reset_peer", map[string]int{"timeout": 0}, fails},
		{"reset later", "reset_peer", map[string]int{"timeout": 200}, fails},
		{"cut after a byte", "limit_data", map[string]int{"bytes": 1}, fails},
		{"cut now and then", "limit_data", map[string]int{"bytes": 10_000}, copes},
		{"closed late", "slow_close", map[string]int{"delay": 500}, copes},
		{"narrow", "bandwidth", map[string]int{"rate": 4}, copes},
		{"in pieces", "slicer", map[string]int{"average_size": 60, "size_variation": 30, "delay": 1000}, copes},
	} {
		for _, stream := range []string{up, down} {
			t.Run(tt.name+"/"+stream, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				inquiring, sending, spoilt := make(chan struct{}, 1000), make(chan struct{}, 1000), make(chan struct{})
				release := sync.OnceFunc(func() { close(spoilt) })
				defer release()
				dana := w.front(t, "dana", func(_ http.ResponseWriter, r request) {
					switch {
					case r.api == status:
						inquiring <- struct{}{}
					case strings.HasPrefix(r.ref, "SEND"):
						sending <- struct{}{}
					default:
						return
					}
					<-spoilt
				})
				to := newLine(t, w.redis.Addr())
				wk := w.worker(t, "w1", dana, to.addr, 2*time.Second)
				wk.start(t)
				w.submit(t, "ASK", pending, each)
				receive(t, inquiring, 3, "inquiries at DANA")
				w.submit(t, "SEND", good, each)
				receive(t, sending, 5, "sends at DANA")
				to.spoil(t, toxic{tt.kind, tt.attrs, stream})
				release()
				if tt.end == fails {
					over := time.After(1500 * time.Millisecond) // an outage is a stretch of time
					receive(t, wk.broken, 10, "Redis commands that failed")
					<-over
					to.heal()
				}
				w.settled(t)
				w.check(t)
			})
		}
	}
}
