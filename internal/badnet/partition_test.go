package badnet

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/prove"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// Two workers, and one of them, A, loses Redis in the middle of a load. B books A's attempts
// as lost and sends them again; A, which still has DANA, must have fallen silent before that.
func TestPartition(t *testing.T) {
	t.Parallel()
	const (
		timeout = 3 * time.Second
		trust   = 5 * time.Second // gate.trustFor
	)
	for _, tt := range []struct {
		name   string
		toxics []toxic
		lag    int // milliseconds on A's line to DANA, longer than B takes to look twice
	}{
		{"no packet passes", []toxic{{"timeout", map[string]int{"timeout": 0}, up}, {"timeout", map[string]int{"timeout": 0}, down}}, 0},
		{"no packet passes and DANA is far", []toxic{{"timeout", map[string]int{"timeout": 0}, up}, {"timeout", map[string]int{"timeout": 0}, down}}, 1500},
		{"answers are lost", []toxic{{"timeout", map[string]int{"timeout": 0}, down}}, 0}, // what A writes is written
		{"connections are reset", []toxic{{"reset_peer", map[string]int{"timeout": 0}, up}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			cut, arrived := make(chan struct{}), make(chan struct{}, 1000)
			release := sync.OnceFunc(func() { close(cut) })
			defer release()
			// Until the cut DANA keeps A waiting, so that A gets answers that it cannot write down.
			frontA := w.front(t, "A", func(_ http.ResponseWriter, r request) {
				if r.api == topUp {
					arrived <- struct{}{}
					<-cut
				}
			})
			to, toDANA := newLine(t, w.redis.Addr()), newLine(t, frontA)
			toDANA.spoil(t, toxic{"latency", map[string]int{"latency": tt.lag}, up})
			a, b := w.worker(t, "A", toDANA.addr, to.addr, timeout), w.worker(t, "B", w.front(t, "B", nil), w.redis.Addr(), timeout)
			// More than arrive before the cut: the others are on their way to a write-ahead then.
			a.Concurrency = 32
			a.start(t)
			w.submit(t, "EARLY", good, 30)
			receive(t, arrived, 6, "sends of A at DANA")
			stopB := b.start(t)
			to.spoil(t, tt.toxics...)
			cutAt := time.Now()
			release()
			w.submit(t, "LATE", good, 10)
			w.settled(t)
			histories := w.check(t)

			// lostAt is when an attempt was booked as lost, by its X-EXTERNAL-ID.
			onRecord, lostAt := map[string]bool{}, map[string]time.Time{}
			var takeover time.Time
			for _, history := range histories {
				for _, e := range history {
					onRecord[e.ExternalID] = onRecord[e.ExternalID] || e.Event == sm.Taken
					if strings.HasPrefix(e.Detail, string(sm.AttemptLost)) {
						lostAt[e.ExternalID] = e.At
						if takeover.IsZero() || e.At.Before(takeover) {
							takeover = e.At
						}
					}
				}
			}
			var last time.Time
			takenOver, ofA, nearest := map[string]bool{}, 0, patience
			for _, r := range w.journal.all() {
				if r.api == topUp && !onRecord[r.externalID] {
					t.Errorf("%s sent %s without an attempt on record", r.front, r.ref)
				}
				if r.front == "B" {
					takenOver[r.ref] = takenOver[r.ref] || r.at.After(cutAt)
					continue
				}
				last = r.at
				if takenOver[r.ref] {
					t.Errorf("A sent %s %v after the cut, after B had taken it over", r.ref, r.at.Sub(cutAt))
				}
				if at, lost := lostAt[r.externalID]; lost {
					ofA++
					nearest = min(nearest, at.Sub(r.at))
					if r.at.After(at) {
						t.Errorf("A sent %s %v after its attempt was booked as lost", r.ref, r.at.Sub(at))
					}
				}
			}
			if ofA < 3 { // on a slow machine a few of those that waited may have been over before the cut
				t.Errorf("%d attempts of A that waited at DANA were taken over", ofA)
			}
			if silent := last.Sub(cutAt); silent > timeout+trust {
				t.Errorf("A sent %v after it lost Redis", silent)
			}
			prove.Say(t, "partition: %s: last send %v after the cut, takeover %v after the cut (%d attempts, %d of them seen at DANA, at the least %v before)",
				tt.name, last.Sub(cutAt).Round(time.Millisecond), takeover.Sub(cutAt).Round(time.Millisecond), len(lostAt), ofA, nearest.Round(time.Millisecond))

			to.heal()
			stopB()
			w.submit(t, "AFTER", good, 5)
			w.settled(t)
			w.check(t)
		})
	}
}
