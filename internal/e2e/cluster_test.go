package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/redistest"
)

// Everything that Salur does, on a Redis Cluster of three masters; then one of them is killed, and what
// is on the others goes on.
func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, "--appendonly", "yes", "--appendfsync", "always")
	s := setupOn(t, cluster.URL(), "20s")
	r := s.withWebhook(func(string) int { return http.StatusOK })
	s.worker()
	w := s.worker()
	topUps, banks := cluster.Node("asynq:{topup}:pending"), cluster.Node("asynq:{bank}:pending")
	if topUps == banks {
		t.Fatal("the queues share a node; the test wants them on two")
	}

	var file strings.Builder
	for i := range 100 {
		bank := ""
		if i%2 == 0 {
			bank = `,"kind":"bank","bankCode":"014","account":"2460888509"`
		}
		fmt.Fprintf(&file, `{"ref":"PAY-%d","customer":"62812345%04d","amount":"10000","validate":%t%s}`+"\n", i, i, i%3 == 0, bank)
	}
	if _, errs, code := s.run(file.String(), "enqueue", "batch", "-", "--format", "jsonl", "--wait"); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	s.settled(100)
	if got := strings.Count(s.must("ledger", "list", "--limit", "1000", "--json"), `"state":"succeeded"`); got != 100 {
		t.Errorf("%d of 100 payouts are listed as succeeded", got)
	}
	await(t, "all outcomes to be delivered", func() bool {
		ids, _ := r.received()
		return ids >= 100
	})
	for _, want := range []string{`salur_queue_tasks{queue="topup",state="completed"} `, `salur_queue_tasks{queue="bank",state="completed"} `, "salur_ledger_up 1"} {
		if m := get("http://" + w.logged(t, "worker", "http") + "/metrics"); !strings.Contains(m, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}

	// A hold is seen, and lifted.
	s.must("ledger", "hold", "--reason", "test")
	await(t, "the workers to see the hold", func() bool {
		return strings.Contains(get("http://"+w.logged(t, "worker", "http")+"/readyz"), "held by")
	})
	s.must("enqueue", "topup", "--ref", "HELD", "--customer", "628123450001", "--amount", "10000")
	if tx := s.show("HELD"); tx.State != "queued" {
		t.Errorf("under a hold it is %s", tx.State)
	}
	s.must("ledger", "resume")
	s.awaitState("HELD", "succeeded")

	// The node with the queue of banks goes: transfers wait, and top-ups go on unless theirs is the same.
	banks.Kill()
	for i := range 5 {
		ref := fmt.Sprintf("TOP-%d", i)
		s.must("enqueue", "topup", "--ref", ref, "--customer", "628123450001", "--amount", "10000")
		s.awaitState(ref, "succeeded")
	}
	s.must("enqueue", "bank", "--ref", "WAITS", "--customer", "628123450001", "--bank-code", "014", "--account", "2460888509", "--amount", "10000")
	banks.Restart()
	s.awaitState("WAITS", "succeeded")
	s.settled(107)
	s.balance()
}
