package tasks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// tamper changes a payout's record as whoever can write to Redis would.
func (b *bundle) tamper(t *testing.T, ref, old, new string) {
	t.Helper()
	key := "salur:{topup}:tx:" + ref
	text := b.rdb.Get(t.Context(), key).Val()
	changed := strings.Replace(text, old, new, 1)
	if changed == text {
		t.Fatalf("the record has no %s", old)
	}
	if err := b.rdb.Set(t.Context(), key, changed, 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) behave(t *testing.T, target sandbox.Target, bh sandbox.Behaviour) {
	t.Helper()
	if err := b.dana.Apply(sandbox.Plan{Behaviours: []sandbox.Planned{{Target: target, Behaviour: &bh}}}); err != nil {
		t.Fatal(err)
	}
}

// Whoever can write to Redis cannot choose who is paid, how much or under which reference: an altered instruction is
// never sent and never asked about, of either kind, and is an alarm.
func TestAlteredInstructionIsNeverSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind     payout.Kind
		validate bool
		old, new string
	}{
		"payee":             {payout.TopUp, false, `"customer":"62811742234"`, `"customer":"62811999999"`},
		"amount":            {payout.TopUp, false, `"value":"10000.00"`, `"value":"90000.00"`},
		"reference":         {payout.TopUp, false, `"ref":"PAY-1"`, `"ref":"PAY-2"`},
		"duplicate":         {payout.TopUp, false, `"customer":"62811742234"`, `"customer":"62811742234","Customer":"62811999999"`},
		"before validation": {payout.TopUp, true, `"customer":"62811742234"`, `"customer":"62811999999"`},
		"account":           {payout.Bank, false, `"account":"2460888509"`, `"account":"1111111111"`},
		"account to ask":    {payout.Bank, true, `"account":"2460888509"`, `"account":"1111111111"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p, err := payout.Instruction{Ref: "PAY-1", Customer: good, Amount: "10000", Validate: tt.validate}.Parse()
			typ := wakeup.TypeTopUpSend
			if tt.kind == payout.Bank {
				p, typ = bankPayout("PAY-1", "2460888509"), wakeup.TypeBankSend
				p.Validate = tt.validate
			}
			if err != nil {
				t.Fatal(err)
			}
			b.submitPayout(t, p)
			b.tamper(t, "PAY-1", tt.old, tt.new)
			w := b.worker(t, "w1")
			b.open(t, w)
			if err := w.Runner.Send(t.Context(), asynq.NewTask(typ, wakeup.Encode("PAY-1"))); err != nil {
				t.Fatal(err)
			}
			rec := b.get(t, "PAY-1")
			if rec.Tx.State != sm.StateReview || rec.Tx.Reason != "instruction_altered" || rec.Tx.Seq != 0 {
				t.Errorf("%s %s after %d attempts", rec.Tx.State, rec.Tx.Reason, rec.Tx.Seq)
			}
			if state := b.dana.State(); len(state.Transactions)+len(state.Credits) != 0 || strings.ContainsAny(fmt.Sprint(state.Requests), "123456789") {
				t.Errorf("DANA was asked: %+v", state)
			}
			if n := testutil.CollectAndCount(w.Runner.Metrics.Registry, "salur_instruction_altered_total"); n != 1 {
				t.Errorf("%d metrics", n)
			}
			if b.logs.FilterMessageSnippet("NOT THE ONE THAT WAS ACCEPTED").Len() != 1 {
				t.Error("no alarm in the log")
			}
		})
	}
}

// An inquiry about an altered amount books nothing, and an attempt that was made stays a fact.
func TestAlteredInstructionIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(t, sandbox.Target{Customer: good}, sandbox.Behaviour{Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}})
	w := b.worker(t, "w1")
	b.open(t, w)
	b.submit(t, "PAY-1", good)
	if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
		t.Fatal(err)
	}
	b.tamper(t, "PAY-1", `"customer":"62811742234"`, `"customer":"62811999999"`)
	time.Sleep(60 * time.Millisecond) // the inquiry's own time must come
	if err := w.Runner.Inquire(t.Context(), asynq.NewTask(wakeup.TypeTopUpInquire, wakeup.Encode("PAY-1"))); err != nil {
		t.Fatal(err)
	}
	rec := b.get(t, "PAY-1")
	if rec.Tx.State != sm.StateReview || rec.Tx.Reason != "instruction_altered" || !rec.Tx.Unknown || rec.Tx.Inquiries != 0 {
		t.Errorf("%+v", rec.Tx)
	}
}

// The sweeper notices it too, when no task comes.
func TestSweeperFindsAlteredInstruction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	b.tamper(t, "PAY-1", `"customer":"62811742234"`, `"customer":"62811999999"`)
	w := b.worker(t, "w1")
	wakes, err := b.ledger.Overdue(t.Context(), payout.TopUp, sm.StepSend, time.Now().Add(time.Second), 10)
	if err != nil || len(wakes) != 1 {
		t.Fatal(wakes, err)
	}
	if err := w.Sweeper.look(t.Context(), wakes[0]); err != nil {
		t.Fatal(err)
	}
	if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateReview || rec.Tx.Reason != "instruction_altered" {
		t.Errorf("%+v", rec.Tx)
	}
}
