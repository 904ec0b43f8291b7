package gate

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNewRefusesABreakerThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"no failures": {BreakerOpenFor: time.Second},
		"no time":     {BreakerFailures: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("New took it")
				}
			}()
			New(cfg)
		})
	}
}

// Faults in a row open the breaker, at the third and not before.
func TestBreakerOpens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		verdicts string // f fault, + fine, 0 no verdict
		open     bool
	}{
		"two faults":                 {"ff", false},
		"three faults":               {"fff", true},
		"a good answer starts anew":  {"ff+ff", false},
		"and then three are needed":  {"ff+fff", true},
		"no verdict is not a fault":  {"ff0", false},
		"no verdict forgets nothing": {"ff0f", true},
		"many fine":                  {"++++++", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := New(config(nil, time.Now))
				believe(g)
				verdicts := map[rune]Verdict{'f': Fault, '+': Fine, '0': NoVerdict}
				for _, v := range test.verdicts {
					pass(t, g, "topup", Send).Done(verdicts[v])
				}
				if test.open {
					closed(t, g, "topup", Send, "breaker")
				}
				pass(t, g, "balance", Inquire).Done(Fine) // has a breaker of its own
				want := map[bool]string{true: "open", false: "closed"}[test.open]
				if s := g.Status(); s.Breakers["topup"] != want || s.Breakers["balance"] != "closed" {
					t.Errorf("breakers %v, want topup %s", s.Breakers, want)
				}
			})
		})
	}
}

func TestDoneCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := New(config(nil, time.Now))
		believe(g)
		p := pass(t, g, "topup", Send)
		for range 3 {
			p.Done(Fault)
		}
		pass(t, g, "topup", Send).Done(NoVerdict)
	})
}

// After its minute the breaker lets three try. What they meet decides about the others,
// who are woken by that and not by asking again and again.
func TestBreakerHalfOpen(t *testing.T) {
	t.Parallel()
	const tried = "closed>open open>half-open"
	for name, test := range map[string]struct {
		verdicts []Verdict // of the three, in turn
		passed   int       // of ten waiters, the three included
		changes  string
	}{
		"undecided":              {nil, 3, tried},
		"two of three went well": {[]Verdict{Fine, Fine}, 3, tried},
		"all went well":          {[]Verdict{Fine, Fine, Fine}, 10, tried + " half-open>closed"},
		"one did not":            {[]Verdict{Fine, Fault, Fine}, 3, tried + " half-open>open"},
		"no verdict frees a try": {[]Verdict{NoVerdict, NoVerdict}, 5, tried},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var changes []string
				cfg := config(nil, func() time.Time { return time.Time{}.Add(time.Hour) }) // never stale
				cfg.OnBreaker = func(api, from, to string) { changes = append(changes, from+">"+to) }
				g := New(cfg)
				believe(g)
				for range 3 {
					pass(t, g, "topup", Send).Done(Fault)
				}
				opened := time.Now()
				passes := make(chan *Pass, 10)
				for range cap(passes) {
					go func() {
						if p, err := g.Wait(t.Context(), "topup", Send); err == nil {
							passes <- p
						}
					}()
				}
				three := []*Pass{<-passes, <-passes, <-passes}
				if waited := time.Since(opened); waited < time.Minute || waited > time.Minute+10*time.Millisecond {
					t.Errorf("tried again after %v, want a minute", waited)
				}
				synctest.Wait() // the fourth has looked, and waits
				for i, v := range test.verdicts {
					three[i].Done(v)
				}
				synctest.Wait()
				if got := 3 + len(passes); got != test.passed {
					t.Errorf("%d passed, want %d", got, test.passed)
				}
				if got := strings.Join(changes, " "); got != test.changes {
					t.Errorf("changes %q, want %q", got, test.changes)
				}
			})
		})
	}
}
