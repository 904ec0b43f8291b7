package tasks

import (
	"fmt"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// DANA says 429 to everything for a while: all workers pause together, ask it now and then, and pay everybody when it
// takes sends again. Nobody ends in review.
func TestThrottledSendsPauseAllWorkers(t *testing.T) {
	t.Parallel()
	for kind, api := range map[payout.Kind]string{payout.TopUp: "topup", payout.Bank: "transfer-bank"} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			w1, w2 := b.worker(t, "w1"), b.worker(t, "w2")
			w1.Concurrency, w2.Concurrency = 4, 4
			b.behave(t, sandbox.Target{API: api}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNever, Answer: "429xx00"}}})
			for i := range 50 {
				b.submitKind(t, kind, fmt.Sprint("PAY-", i))
			}
			b.start(t, w1)
			b.start(t, w2)
			time.Sleep(5 * time.Second) // the time itself is what is measured: how much DANA hears in it
			// 8 sends are under way at most when the first answer comes; then one goes first after 1, 3 and 7 s.
			if n := b.dana.State().Requests[api]; n == 0 || n > 8+2 {
				t.Errorf("DANA was sent %d requests while it throttled", n)
			}
			b.behave(t, sandbox.Target{API: api}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayNow}}})
			for i := range 50 {
				ref := fmt.Sprint("PAY-", i)
				if rec := b.await(t, ref, sm.StateSucceeded); rec.Tx.Attempts != 1 || b.credits(t, ref) != 1 {
					t.Errorf("%s: %d attempts count, paid %d times", ref, rec.Tx.Attempts, b.credits(t, ref))
				}
			}
			if n := b.rdb.Exists(t.Context(), "salur:{gate}:throttled:"+api).Val(); n != 0 {
				t.Error("the pause did not end")
			}
		})
	}
}

func (b *bundle) submitKind(t *testing.T, kind payout.Kind, ref string) {
	t.Helper()
	i := payout.Instruction{Ref: ref, Customer: good, Amount: "10000"}
	if kind == payout.Bank {
		i = payout.Instruction{Ref: ref, Kind: "bank", Customer: good, BankCode: "014", Account: "1234567890", Amount: "10000"}
	}
	p, err := i.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
		t.Fatal(err)
	}
}
