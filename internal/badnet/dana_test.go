package badnet

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	sm "github.com/salur-id/salur/internal/statemachine"
)

// The line to DANA is spoilt for the first exchanges: sends, or inquiries about payouts that
// DANA has in progress; on the connection that is there, or on a new one.
func TestLineToDANA(t *testing.T) {
	t.Parallel()
	const (
		short = 400 * time.Millisecond // the exchange runs into its end
		long  = 10 * time.Second       // nothing but the line can end the exchange
	)
	for _, tt := range []struct {
		name    string
		toxic   toxic // its stream is left out: both
		only    string
		timeout time.Duration
		hurts   bool // no exchange comes through; else every one does
	}{
		{"late", toxic{kind: "latency", attrs: map[string]int{"latency": 1000}}, "", short, true},
		{"slow", toxic{kind: "latency", attrs: map[string]int{"latency": 50}}, "", long, false},
		{"silent", toxic{kind: "timeout", attrs: map[string]int{"timeout": 0}}, "", short, true},
		{"silent and closed", toxic{kind: "timeout", attrs: map[string]int{"timeout": 100}}, "", long, true},
		{"reset at once", toxic{kind: "reset_peer", attrs: map[string]int{"timeout": 0}}, "", long, true},
		{"reset later", toxic{kind: "reset_peer", attrs: map[string]int{"timeout": 100}}, "", long, true},
		{"cut after a byte", toxic{kind: "limit_data", attrs: map[string]int{"bytes": 1}}, "", long, true},
		{"cut in the header", toxic{kind: "limit_data", attrs: map[string]int{"bytes": 60}}, "", long, true},
		{"request cut in the body", toxic{kind: "limit_data", attrs: map[string]int{"bytes": 720}}, up, long, true},
		{"answer cut near the body", toxic{kind: "limit_data", attrs: map[string]int{"bytes": 160}}, down, long, true},
		{"answer cut in the body", toxic{kind: "limit_data", attrs: map[string]int{"bytes": 300}}, down, long, true},
		{"closed late", toxic{kind: "slow_close", attrs: map[string]int{"delay": 500}}, "", long, false},
		{"narrow", toxic{kind: "bandwidth", attrs: map[string]int{"rate": 1}}, "", long, false},
		{"too narrow", toxic{kind: "bandwidth", attrs: map[string]int{"rate": 1}}, up, short, true}, // an answer is half as long
		{"stuffed", toxic{kind: "bandwidth", attrs: map[string]int{"rate": 0}}, "", short, true},
		{"in pieces", toxic{kind: "slicer", attrs: map[string]int{"average_size": 40, "size_variation": 20, "delay": 1000}}, "", long, false},
		{"trickling", toxic{kind: "slicer", attrs: map[string]int{"average_size": 8, "size_variation": 2, "delay": 50_000}}, "", short, true},
	} {
		for _, api := range []string{topUp, status} {
			for _, kept := range []bool{false, true} {
				for _, stream := range []string{up, down} {
					if tt.only != "" && tt.only != stream {
						continue
					}
					tt.toxic.stream = stream
					conn := map[bool]string{false: "new", true: "kept"}[kept]
					t.Run(fmt.Sprintf("%s/%s/%s/%s", tt.name, api, conn, stream), func(t *testing.T) {
						t.Parallel()
						w := newWorld(t)
						to := newLine(t, w.front(t, "dana", func(rw http.ResponseWriter, r request) {
							if !kept && r.api == topUp {
								rw.Header().Set("Connection", "close")
							}
						}))
						wk := w.worker(t, "w1", to.addr, w.redis.Addr(), tt.timeout)
						if api == topUp && kept {
							wk.send(t, w.submit(t, "BEFORE", good, 1)...)
						}
						customer, trouble := good, []sm.Trigger{"send_unknown", "send_not_sent"}
						if api == status {
							customer, trouble = pending, []sm.Trigger{"inquiry_unknown", "inquiry_not_sent"}
						}
						refs := w.submit(t, "PAY", customer, 3)
						if api == status {
							wk.send(t, refs...)
						}
						to.spoil(t, tt.toxic)
						wk.start(t)
						if tt.hurts {
							wk.hurt(t, api, refs)
							to.heal()
						}
						w.settled(t)
						histories := w.check(t)
						for _, ref := range refs {
							if has(histories[ref], trouble...) != tt.hurts {
								t.Errorf("%s: hurt by the line %t, want %t: %+v", ref, !tt.hurts, tt.hurts, histories[ref])
							}
						}
					})
				}
			}
		}
	}
}
