package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Redis comes back with nothing at all, in the midst of a payroll and with its worker killed. The same
// file, enqueued again with SALUR_AFTER_LOSS, ends as it would have. (Without, those whose answer was lost
// would be failed: DANA refuses them, because they were paid and used up the limit.)
func TestRedisLost(t *testing.T) {
	t.Parallel()
	s := setup(t)
	w := s.worker()
	var file strings.Builder
	for i := range 200 {
		customer := fmt.Sprintf("6281%07d", i)
		switch i % 10 {
		case 3:
			customer = "628996647679" // frozen
		case 5:
			customer = "628121111111" // general error: pending, then failed
		case 7:
			customer = "628999000017" // paid, and the answer lost
		}
		fmt.Fprintf(&file, `{"ref":"L-%d","customer":%q,"amount":"10000"}`+"\n", i, customer)
	}
	enqueue := func() {
		t.Helper()
		if out, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl"); code != 0 {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
	}
	enqueue()
	await(t, "some to be paid", func() bool { return len(s.books().Credits) > 20 })
	w.kill()
	before := s.books()
	if err := s.redis.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if out := s.must("ledger", "list"); strings.Contains(out, "L-") {
		t.Fatalf("something is left:\n%s", out)
	}
	s.env["SALUR_AFTER_LOSS"] = "true"
	s.worker()
	enqueue()
	await(t, "everything to be over", func() bool { return settled(s) })
	s.balance()
	after := s.books()
	again := 0
	for _, c := range before.Credits {
		for _, tx := range after.Credits {
			if tx.Ref == c.Ref {
				again++
			}
		}
	}
	if again != len(before.Credits) {
		t.Errorf("%d credits of those that were paid before the loss; %d had been", again, len(before.Credits))
	}
	t.Logf("%d were paid before Redis was lost, %d after it", len(before.Credits), len(after.Credits)-len(before.Credits))
}

// Redis is emptied under running workers. Nobody sets or says anything: nothing more is sent before a person resumes, the loss is
// marked and told, and the same file, enqueued again, ends as it would have. A sandbox's worker cannot be started on it as another partner's.
func TestRedisEmptiedUnderWorkers(t *testing.T) {
	t.Parallel()
	s := setup(t)
	w := s.worker()
	var file strings.Builder
	for i := range 200 {
		customer := fmt.Sprintf("6281%07d", i)
		if i%10 == 7 {
			customer = "628999000017" // paid, and the answer lost
		}
		fmt.Fprintf(&file, `{"ref":"E-%d","customer":%q,"amount":"10000"}`+"\n", i, customer)
	}
	enqueue := func() {
		t.Helper()
		if out, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl"); code != 0 {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
	}
	enqueue()
	await(t, "some to be paid", func() bool { return len(s.books().Credits) > 20 })
	if err := s.redis.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	await(t, "the loss to be found", func() bool { return strings.Contains(s.must("ledger", "store"), "It lost payouts") })
	await(t, "the hold", func() bool { return strings.Contains(s.must("ledger", "stats"), "store_lost") })
	await(t, "the exchanges under way to end", func() bool {
		n := len(s.books().Credits)
		time.Sleep(time.Second) // nothing signals that nothing comes any more
		return len(s.books().Credits) == n
	})
	enqueue()
	before := s.books()
	if out, errs, code := s.run("", "ledger", "cancel", "E-0", "--by", "Sari", "--reason", "not sent"); code != 2 {
		t.Errorf("cancelled as unsent after a loss: exit %d, %s%s", code, out, errs)
	}
	if !strings.Contains(get("http://"+w.logged(t, "worker", "http")+"/metrics"), "salur_store_lost_total 1") {
		t.Error("the metric does not tell of the loss")
	}
	ours := s.env["X_PARTNER_ID"]
	s.env["X_PARTNER_ID"] = "another-partner"
	if _, errs, code := s.run("", "worker"); code != 2 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "X_PARTNER_ID") {
		t.Errorf("another partner's worker: exit %d, %s", code, errs)
	}
	s.env["X_PARTNER_ID"] = ours
	s.must("ledger", "resume", "--reason", "Redis was emptied by mistake")
	await(t, "everything to be over", func() bool { return settled(s) })
	s.balance()
	credits := map[string]int{}
	for _, c := range s.books().Credits {
		if credits[c.Ref]++; credits[c.Ref] > 1 {
			t.Errorf("%s was paid twice", c.Ref)
		}
	}
	for _, c := range before.Credits {
		if credits[c.Ref] != 1 {
			t.Errorf("%s was paid before", c.Ref)
		}
	}
	s.must("ledger", "store", "--recovered", "--reason", "reconciled")
	if out := s.must("ledger", "store"); !strings.Contains(out, "No loss") {
		t.Error(out)
	}
}
