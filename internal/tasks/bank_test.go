package tasks

import (
	"context"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

func bankPayout(ref, account string) payout.Payout {
	return payout.Payout{
		Kind: payout.Bank, Ref: ref, Customer: good, BankCode: "014", Account: account, Amount: money.Rupiah(50_000), Fee: money.Rupiah(0),
		FundType: payout.FundTypeBank,
	}
}

func (b *bundle) submitPayout(t *testing.T, p payout.Payout) {
	t.Helper()
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// The second door has the same machine: every end of a transfer, with one credit or none.
func TestBank(t *testing.T) {
	t.Parallel()
	const account = "2460888509"
	sends := func(s ...sandbox.Send) sandbox.Behaviour { return sandbox.Behaviour{Sends: s} }
	never := sandbox.Send{Pay: sandbox.PayNever, Answer: sandbox.Drop}
	times := func(n int, s sandbox.Send) sandbox.Send {
		s.Times = n
		return s
	}
	for name, tt := range map[string]struct {
		account   string
		behaviour sandbox.Behaviour
		want      sm.State
		reason    string
		attempts  int
		credits   int
	}{
		"handed to the bank and paid":       {account, sandbox.Behaviour{}, sm.StateSucceeded, "", 1, 1},
		"the answer is lost":                {account, sends(times(1, sandbox.Send{Answer: sandbox.Drop})), sm.StateSucceeded, "", 2, 1},
		"three retries in vain, then asked": {account, sends(times(4, sandbox.Send{Answer: sandbox.Drop})), sm.StateSucceeded, "", 4, 1},
		"never arrived, sent again":         {account, sends(times(4, never)), sm.StateSucceeded, "", 5, 1},
		"the bank says no":                  {account, sends(sandbox.Send{Pay: sandbox.PayPending, Then: "06"}), sm.StateFailed, "failed", 1, 0},
		"cancelled":                         {account, sends(sandbox.Send{Pay: sandbox.PayPending, Then: "05"}), sm.StateFailed, "cancelled", 1, 0},
		"general error":                     {"8121111111", sandbox.Behaviour{}, sm.StateFailed, "failed", 1, 0},
		"account that there is not":         {"815919191", sandbox.Behaviour{}, sm.StateFailed, "invalid_account", 1, 0},
		"suspected fraud":                   {"82298055100", sandbox.Behaviour{}, sm.StateFailed, "suspected_fraud", 1, 0},
		"refused after it was paid": {account, sandbox.Behaviour{Sends: []sandbox.Send{
			times(1, sandbox.Send{Answer: sandbox.Drop}), {Pay: sandbox.PayNever, Answer: "4034302"},
		}}, sm.StateSucceeded, "", 2, 1},
		"other content, says DANA": {account, sandbox.Behaviour{Sends: []sandbox.Send{
			{Times: 1, Answer: "4044318"},
		}}, sm.StateReview, "other_content", 1, 1}, // also if its status names our amount
		"status that is nobody's": {account, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Times: 2, Answer: sandbox.ForeignRef}}}, sm.StateSucceeded, "", 1, 1},
		"status over more money":  {account, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: sandbox.ForeignAmount}}}, sm.StateReview, "echo_mismatch", 1, 1},
		"in progress for a while": {account, sandbox.Behaviour{
			Sends: []sandbox.Send{{Pay: sandbox.PayPending, Then: "00"}}, Inquiries: []sandbox.Inquiry{{Times: 3, Status: "02"}},
		}, sm.StateSucceeded, "", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.policy.RetryDelays = append(b.policy.RetryDelays, 100*time.Millisecond) // three
			p := bankPayout("PAY-1", tt.account)
			if len(tt.behaviour.Sends)+len(tt.behaviour.Inquiries) > 0 {
				if err := b.dana.SetBehaviour(sandbox.Target{Ref: "PAY-1"}, tt.behaviour); err != nil {
					t.Fatal(err)
				}
			}
			b.submitPayout(t, p)
			b.start(t, b.worker(t, "w1"))
			rec := b.await(t, "PAY-1", tt.want)
			if rec.Tx.Reason != tt.reason || rec.Tx.Attempts != tt.attempts || b.credits(t, "PAY-1") != tt.credits {
				t.Errorf("%s after %d attempts, %d credits; want %s, %d, %d", rec.Tx.Reason, rec.Tx.Attempts, b.credits(t, "PAY-1"), tt.reason, tt.attempts, tt.credits)
			}
		})
	}
}

// A reversal of a success is learnt by asking, and stands in the history.
func TestBankReversal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := bankPayout("PAY-1", "2460888509")
	if err := b.dana.SetBehaviour(sandbox.Target{Ref: p.Ref}, sandbox.Behaviour{
		Sends: []sandbox.Send{{Then: "04"}}, Inquiries: []sandbox.Inquiry{{Times: 1, Status: "00"}},
	}); err != nil {
		t.Fatal(err)
	}
	b.submitPayout(t, p)
	b.start(t, b.worker(t, "w1"))
	b.await(t, p.Ref, sm.StateSucceeded)
	rec, _, err := ledger.Update(t.Context(), b.ledger, b.policy, p.Ref, "", func(ledger.Record) (sm.Event, bool) { return sm.AskNow("Sari", "", time.Now()), true })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.queue.Wake(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	b.await(t, p.Ref, sm.StateRefunded)
	if e := b.entry(t, p.Ref, "inquiry_refunded"); e == nil || e.From != sm.StateSucceeded {
		t.Errorf("the history has %+v", e)
	}
}

// The holder's name is compared before any money moves.
func TestBankValidate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		account, holder string
		ignore          bool
		action          sm.MismatchAction
		want            sm.State
		reason          string
		sends           int
	}{
		"the same":        {"2460888509", "Bpk. Account Holder", false, sm.ReviewMismatch, sm.StateSucceeded, "", 1},
		"not told":        {"2460888509", "", false, sm.ReviewMismatch, sm.StateSucceeded, "", 1},
		"another":         {"2460888509", "Siti Aminah", false, sm.ReviewMismatch, sm.StateReview, "name_mismatch", 0},
		"another, failed": {"2460888509", "Siti Aminah", false, sm.FailMismatch, sm.StateFailed, "name_mismatch", 0},
		"another, off":    {"2460888509", "Siti Aminah", true, sm.ReviewMismatch, sm.StateSucceeded, "", 1},
		"no such account": {"815919191", "Siti Aminah", false, sm.ReviewMismatch, sm.StateFailed, "invalid_account", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.policy.MismatchAction = tt.action
			p := bankPayout("PAY-1", tt.account)
			p.Validate, p.AccountName = true, tt.holder
			b.submitPayout(t, p)
			w := b.worker(t, "w1")
			w.Runner.IgnoreNames = tt.ignore
			b.start(t, w)
			rec := b.await(t, "PAY-1", tt.want)
			if rec.Tx.Reason != tt.reason || b.sends("PAY-1") != tt.sends {
				t.Errorf("%s, %d sends; want %s, %d", rec.Tx.Reason, b.sends("PAY-1"), tt.reason, tt.sends)
			}
		})
	}
}

// A payout whose holder's name is to be compared is not sent before that name has come, whatever came instead.
func TestNameThatDidNotComeIsNoPermission(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer sandbox.Answer
		ignore bool
		action sm.MismatchAction
		want   sm.State
		reason string
	}{
		"not whole":              {sandbox.Missing, false, sm.ReviewMismatch, sm.StateReview, "name_unknown"},
		"not whole, failed":      {sandbox.Missing, false, sm.FailMismatch, sm.StateReview, "name_unknown"}, // not known fails nothing
		"not whole, off":         {sandbox.Missing, true, sm.ReviewMismatch, sm.StateSucceeded, ""},
		"no answer":              {sandbox.Drop, false, sm.ReviewMismatch, sm.StateReview, "name_unknown"},
		"HTML":                   {sandbox.HTML, false, sm.ReviewMismatch, sm.StateReview, "name_unknown"},
		"too many requests":      {"4294200", false, sm.ReviewMismatch, sm.StateReview, "name_unknown"},
		"server error":           {"5004201", false, sm.ReviewMismatch, sm.StateReview, "name_unknown"},
		"the merchant's trouble": {"4034220", false, sm.ReviewMismatch, sm.StateReview, "name_unknown"},
		"our question":           {"4004201", false, sm.FailMismatch, sm.StateReview, "name_unknown"},
		"no such account":        {"4044211", false, sm.ReviewMismatch, sm.StateFailed, "invalid_account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.policy.MismatchAction = tt.action
			if err := b.dana.SetBehaviour(sandbox.Target{API: "bank-account-inquiry"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: tt.answer}}}); err != nil {
				t.Fatal(err)
			}
			p := bankPayout("PAY-1", "2460888509")
			p.Validate, p.AccountName = true, "Account Holder"
			b.submitPayout(t, p)
			w := b.worker(t, "w1")
			w.Runner.IgnoreNames = tt.ignore
			b.start(t, w)
			rec := b.await(t, "PAY-1", tt.want)
			if paid := b.sends("PAY-1") == 1; rec.Tx.Reason != tt.reason || paid != (tt.want == sm.StateSucceeded) {
				t.Errorf("%s, %d sends; want %s", rec.Tx.Reason, b.sends("PAY-1"), tt.reason)
			}
			if tt.answer == "4034220" {
				b.awaitHold(t, sm.MerchantLimit) // as it would when the send met it
			}
		})
	}
}

// Refused credentials are no payout's fault: the name is asked for again when they are mended.
func TestNameIsAskedForAgainAfterRefusedCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.dana.RefuseCredentials(true)
	p := bankPayout("PAY-1", "2460888509")
	p.Validate, p.AccountName = true, "Account Holder"
	b.submitPayout(t, p)
	b.start(t, b.worker(t, "w1"))
	b.awaitHold(t, sm.CredentialsRefused)
	if rec := b.get(t, "PAY-1"); rec.Tx.State != sm.StateQueued || b.sends("PAY-1") != 0 {
		t.Errorf("%s, %d sends", rec.Tx.State, b.sends("PAY-1"))
	}
	b.dana.RefuseCredentials(false)
	if rec := b.await(t, "PAY-1", sm.StateSucceeded); rec.Tx.Attempts != 1 {
		t.Errorf("%d attempts count", rec.Tx.Attempts)
	}
	if e := b.entry(t, "PAY-1", "account_succeeded"); e == nil {
		t.Error("it was sent without the name")
	}
}

// Refused credentials and an empty deposit are the merchant's trouble through this door too,
// and each door's breaker is its own.
func TestBankHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.dana.RefuseCredentials(true)
	b.submitPayout(t, bankPayout("PAY-1", "2460888509"))
	b.start(t, b.worker(t, "w1"))
	b.awaitHold(t, sm.CredentialsRefused)
	if rec := b.get(t, "PAY-1"); rec.Tx.Attempts != 0 {
		t.Errorf("%d attempts count", rec.Tx.Attempts)
	}
	b.dana.RefuseCredentials(false)
	if rec := b.await(t, "PAY-1", sm.StateSucceeded); rec.Tx.Attempts != 1 {
		t.Errorf("%d attempts count", rec.Tx.Attempts)
	}
}

// The sweeper makes the wake-ups of this queue again, beside a backlog in the other.
func TestSweeperOfTwoQueues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "TOPUP", good)
	b.submitPayout(t, bankPayout("BANK", "2460888509"))
	if err := b.rdb.Del(t.Context(), "asynq:{bank}:pending", "asynq:{bank}:t:BANK:1").Err(); err != nil {
		t.Fatal(err)
	}
	w := b.worker(t, "w1")
	w.Runner.Now = func() time.Time { return time.Now().Add(3 * time.Second) }
	if err := w.Sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := b.queue.Inspector.GetTaskInfo(wakeup.QueueBank, "BANK:1"); err != nil || info.Type != wakeup.TypeBankSend {
		t.Errorf("%+v, %v", info, err)
	}
}

// A service that enqueues bank:send with plain asynq is served the same way.
func TestBankTaskFromElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(t, b.worker(t, "w1"))
	client := asynq.NewClientFromRedisClient(b.rdb)
	payload := []byte(`{"v":1,"ref":"PAY-1","customer":"62811742234","bankCode":"014","account":"2460888509","amount":"50000"}`)
	if _, err := client.EnqueueContext(context.Background(), asynq.NewTask(wakeup.TypeBankSend, payload), asynq.Queue(wakeup.QueueBank)); err != nil {
		t.Fatal(err)
	}
	b.await(t, "PAY-1", sm.StateSucceeded)
	if n := b.credits(t, "PAY-1"); n != 1 {
		t.Errorf("%d credits", n)
	}
}
