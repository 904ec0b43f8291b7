package tasks

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// A refusal that meets every payee is not the payees': it fails a few, not the payroll. The rest waits and is paid when a person resumes.
func TestRefusalOfEverybodyHolds(t *testing.T) {
	t.Parallel()
	for kind, api := range map[payout.Kind]string{payout.TopUp: "topup", payout.Bank: "transfer-bank"} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.behave(t, sandbox.Target{API: api}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "403xx18"}}})
			for i := range 40 {
				i := payout.Instruction{Ref: fmt.Sprint("PAY-", i), Customer: fmt.Sprintf("6281100000%d", 100+i), Amount: "10000"}
				if kind == payout.Bank {
					i.Kind, i.BankCode, i.Account = "bank", "014", "1234567"+i.Customer[len(i.Customer)-3:]
				}
				p, err := i.Parse()
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			w := b.worker(t, "w1")
			w.Concurrency = 4
			b.start(t, w)
			b.awaitHold(t, gate.RefusedAlike)
			b.behave(t, sandbox.Target{API: api}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNow}}})
			if _, err := gate.Resume(t.Context(), b.rdb, "DANA mended it", "Sari", time.Now()); err != nil {
				t.Fatal(err)
			}
			count := func(s sm.State) int64 {
				stats, err := b.ledger.Stats(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return stats[slices.Index(sm.States, s)].Count
			}
			redistest.Await(t, "all payouts to end", func() bool { return count(sm.StateSucceeded)+count(sm.StateFailed) == 40 })
			if failed := count(sm.StateFailed); failed < 5 || failed > 5+4 { // the fifth holds; what was under way with it is refused too
				t.Errorf("%d of 40 failed", failed)
			}
		})
	}
}
