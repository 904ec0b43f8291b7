package tasks

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// Every attempt of a transfer has the body of the first one to the byte, also when the next worker has another setting
// for notifies.
func TestEveryAttemptHasOneBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.behave(t, sandbox.Target{Ref: "PAY-1"}, sandbox.Behaviour{Sends: []sandbox.Send{{Times: 1, Pay: sandbox.PayNever, Answer: sandbox.Drop}}})
	b.submitPayout(t, bankPayout("PAY-1", "2460888509"))
	var bodies []string
	for _, notify := range []bool{true, false} {
		w := b.worker(t, "w1")
		var err error
		w.Runner.DANA, err = danaclient.New(danaclient.Config{
			BaseURL: b.danaURL, PartnerID: "merchant", Origin: "merchant.example", ChannelID: "95221", Key: testKey(), Timeout: b.timeout, MaxConns: 1,
			Now: time.Now, NeedNotify: notify, Audit: func(r danaclient.AuditRecord) { bodies = append(bodies, r.RequestBody) },
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Runner.NeedNotify = notify
		b.open(t, w)
		time.Sleep(60 * time.Millisecond) // the retry's own time must come
		if err := w.Runner.Send(t.Context(), asynq.NewTask(wakeup.TypeBankSend, wakeup.Encode("PAY-1"))); err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 2 || bodies[0] != bodies[1] || !strings.Contains(bodies[0], `"needNotify":true`) {
		t.Errorf("the attempts differ:\n%s", strings.Join(bodies, "\n"))
	}
}

// What the limits count is what leaves the deposit, fee included, by who gets it: a phone number or an account.
func TestLimitsCountTotalsByPayee(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	w.Runner.Gate = gate.New(gate.Config{
		Redis: b.rdb, BreakerFailures: b.failures, BreakerOpenFor: b.openFor, Now: time.Now,
		Limits: gate.Limits{CustomerDay: money.Rupiah(60_000), Payout: money.Rupiah(60_000)},
	})
	b.open(t, w)
	send := func(p payout.Payout, typ string) sm.State {
		t.Helper()
		b.submitPayout(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a held one waits at the gate
		defer cancel()
		_ = w.Runner.Send(ctx, asynq.NewTask(typ, wakeup.Encode(p.Ref))) // its state tells
		return b.get(t, p.Ref).Tx.State
	}
	for _, account := range []string{"2460888509", "2460888510"} { // 50,000 each, to two people
		if s := send(bankPayout("BANK-"+account, account), wakeup.TypeBankSend); s == sm.StateQueued {
			t.Errorf("to account %s: %s", account, s)
		}
	}
	if s := send(bankPayout("AGAIN", "2460888509"), wakeup.TypeBankSend); s != sm.StateQueued {
		t.Errorf("100,000 to one account: %s", s)
	}
	b.awaitHold(t, gate.LimitCustomerDay)
	if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	p, err := payout.Instruction{Ref: "FEE", Customer: good, Amount: "1", Fee: "60000"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if s := send(p, wakeup.TypeTopUpSend); s != sm.StateQueued {
		t.Errorf("a fee of 60,000: %s", s)
	}
	b.awaitHold(t, gate.LimitPayout)
}

// A machine that was suspended between the write-ahead and the send lets nothing out after the attempt's deadline,
// though its timers stood still.
func TestSuspendedMachineSendsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	var err error
	w.Runner.DANA, err = danaclient.New(danaclient.Config{
		BaseURL: b.danaURL, PartnerID: "merchant", Origin: "merchant.example", ChannelID: "95221", Key: testKey(), Timeout: b.timeout, MaxConns: 1,
		Now: func() time.Time { return time.Now().Add(time.Hour) }, // the wall clock after it; the context's timer has not moved
	})
	if err != nil {
		t.Fatal(err)
	}
	b.open(t, w)
	if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
		t.Fatal(err)
	}
	if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateProcessing || rec.Tx.Unknown || b.sends("PAY-1") != 0 {
		t.Errorf("%+v, %d sends", rec.Tx, b.sends("PAY-1"))
	}
}
