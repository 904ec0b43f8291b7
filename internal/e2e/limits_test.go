package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// payroll enqueues n payouts of IDR 10,000, each to another customer.
func (s *system) payroll(n int) {
	s.t.Helper()
	var file strings.Builder
	for i := range n {
		fmt.Fprintf(&file, `{"ref":"PAY-%04d","customer":"6281100%05d","amount":"10000"}`+"\n", i, i)
	}
	if _, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--json"); code != 0 {
		s.t.Fatalf("exit %d: %s", code, errs)
	}
}

// stats are payouts by state, as ledger stats tells.
func (s *system) stats() map[string]int {
	s.t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(s.must("ledger", "stats", "--json")) {
		var st struct {
			State string `json:"state"`
			Count int    `json:"count"`
		}
		if err := json.Unmarshal([]byte(line), &st); err != nil {
			s.t.Fatal(err)
		}
		count[st.State] = st.Count
	}
	return count
}

func (s *system) awaitHold(cause string) {
	s.t.Helper()
	await(s.t, "a hold for "+cause, func() bool {
		return strings.Contains(s.must("ledger", "stats"), ": "+cause+" (")
	})
}

// A payroll that runs away stops at the limit, on all workers together and with one of them killed;
// nothing fails, a person's resume lets as much pass again, and all ends well without the limit.
func TestLimitStopsARunaway(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.env["SALUR_LIMIT_MINUTE"] = "2000000"
	const limit, all = 200, 1000
	begun := time.Now()
	// within is how many may have been paid by now: so many minutes, and those let pass.
	within := func(resumes int) int { return (limit+1)*resumes + limit*(1+int(time.Since(begun)/time.Minute)) }
	first, second := s.worker(), s.worker()
	s.payroll(all)
	await(t, "half of the limit to be paid", func() bool { return len(s.books().Credits) >= limit/2 })
	first.kill()
	s.awaitHold("limit_minute")

	for resumes := range 2 {
		// What had left before the hold arrives. What the killed worker had sent stays processing: its
		// retries are held too.
		last := -1
		await(t, "what is under way to end", func() bool {
			before := last
			last = len(s.books().Credits)
			return last == before
		})
		paid := len(s.books().Credits)
		if most := within(resumes); paid > most {
			t.Fatalf("%d were paid after %d resumes, want %d at most", paid, resumes, most)
		}
		if count := s.stats(); count["failed"] != 0 || count["queued"] == 0 {
			t.Fatalf("after %d resumes: %v", resumes, count)
		}
		if lifted := s.must("ledger", "resume", "--reason", "the payroll of November"); !strings.Contains(lifted, "would be sent within a minute") {
			t.Errorf("resume says %q", lifted)
		}
		await(t, "more to be paid", func() bool { return len(s.books().Credits) > paid })
		s.awaitHold("limit_minute")
	}
	second.kill()
	s.env["SALUR_LIMIT_MINUTE"] = "0"
	s.start("worker") // not ready: it is held
	s.must("ledger", "resume", "--reason", "meant")
	await(t, "all to be paid", func() bool {
		count := s.stats()
		return count["succeeded"] == all
	})
	s.balance()
}

// A deposit that runs low holds before DANA refuses anything, and its being funded is all it takes.
func TestLowDepositHoldsInTime(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.control("deposit", `{"deposit":"5000000.00"}`)
	s.env["SALUR_LOW_WATER"] = "4000000"
	s.env["SALUR_BALANCE_INTERVAL"] = "1s"
	s.env["SALUR_RATE_LIMIT"] = "40" // IDR 400,000 a second at most: 10 s from the mark to the ground
	const all = 600
	a, b := s.worker(), s.worker()
	s.payroll(all)
	s.awaitHold("low_balance")
	await(t, "what is under way to end", func() bool {
		count := s.stats()
		return count["succeeded"]+count["queued"] == all
	})
	if left := s.books().Deposit; !left.Positive() {
		t.Errorf("it held with %s left", left)
	}
	for _, w := range []*process{a, b} {
		page := "http://" + w.logged(t, "worker", "http")
		await(t, "each worker to tell the balance and the hold", func() bool {
			m := get(page + "/metrics")
			return strings.Contains(m, "salur_low_water_rupiah 4e+06") && strings.Contains(m, "salur_balance_read_timestamp_seconds ") &&
				strings.Contains(m, `salur_hold{by="system",cause="low_balance"} 1`) &&
				strings.Contains(get(page+"/readyz"), "below the low-water mark of IDR 4000000.00")
		})
	}
	s.control("deposit", `{"deposit":"1000000000.00"}`)
	await(t, "all to be paid", func() bool {
		count := s.stats()
		return count["succeeded"] == all
	})
	if stats := s.must("ledger", "stats"); strings.Contains(stats, "held by") {
		t.Errorf("still held:\n%s", stats)
	}
	s.balance()
}
