package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// Refused credentials hold all sending, are said once, cost no attempt, and the hold
// lifts itself when they are accepted again.
func TestRefusedCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.dana.RefuseCredentials(true)
	for i := range 40 {
		b.submit(t, fmt.Sprint("PAY-", i), good)
	}
	b.start(t, b.worker(t, "w1"))
	b.start(t, b.worker(t, "w2"))
	b.awaitHold(t, sm.CredentialsRefused)

	for i := range 40 {
		rec := b.get(t, fmt.Sprint("PAY-", i))
		if rec.Tx.Open.Seq == 0 && rec.Tx.Attempts != 0 {
			t.Errorf("PAY-%d lost %d attempts to refused credentials", i, rec.Tx.Attempts)
		}
	}
	b.dana.RefuseCredentials(false)
	for i := range 40 {
		rec := b.await(t, fmt.Sprint("PAY-", i), sm.StateSucceeded)
		if rec.Tx.Attempts != 1 {
			t.Errorf("PAY-%d counts %d attempts, want 1", i, rec.Tx.Attempts)
		}
	}
	shouts := b.logs.FilterLevelExact(zapcore.ErrorLevel).Filter(func(e observer.LoggedEntry) bool {
		return strings.HasPrefix(e.Message, "ALL SENDING IS HELD")
	})
	if shouts.Len() != 1 {
		t.Errorf("said %d times, want once", shouts.Len())
	}
}

// The payout that meets the empty deposit fails by DANA's table; those behind it wait
// unharmed and go on when it is funded.
func TestEmptyDepositHolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.dana.SetDeposit(money.Rupiah(0)); err != nil {
		t.Fatal(err)
	}
	w := b.worker(t, "w1")
	b.submit(t, "FIRST", good)
	b.start(t, w)
	first := b.await(t, "FIRST", sm.StateFailed)
	if first.Tx.Reason != string(sm.InsufficientFunds) {
		t.Errorf("reason %q", first.Tx.Reason)
	}
	b.awaitHold(t, sm.InsufficientFunds)
	for i := range 20 {
		b.submit(t, fmt.Sprint("PAY-", i), good)
	}
	if err := b.dana.SetDeposit(money.Rupiah(1_000_000)); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if rec := b.await(t, fmt.Sprint("PAY-", i), sm.StateSucceeded); rec.Tx.Attempts != 1 {
			t.Errorf("PAY-%d counts %d attempts, want 1", i, rec.Tx.Attempts)
		}
	}
}

func (b *bundle) awaitHold(t *testing.T, cause sm.Why) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		holds, err := gate.ReadHolds(t.Context(), b.rdb)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(holds, func(h gate.Hold) bool { return h.Cause == cause }) {
			return
		}
	}
	t.Fatalf("no hold for %s", cause)
}

// While the breaker is open a backlog of 10,000 waits where it is: Redis is left alone, no
// retry is burnt, and the order is kept.
func TestOpenBreakerLeavesTheBacklogAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.failures, b.openFor = 3, 6*time.Second
	b.policy.RetryDelays = []time.Duration{time.Hour}
	outage, _ := sandbox.Preset("html_unpaid", 1)
	for i := range 3 {
		ref := fmt.Sprint("FAULT-", i)
		if err := b.dana.SetBehaviour(sandbox.Target{Ref: ref}, outage); err != nil {
			t.Fatal(err)
		}
		b.submit(t, ref, good)
	}
	w := b.worker(t, "w1")
	w.Concurrency = 1 // one sender, so that the order of sends is the order of the queue
	opened := make(chan struct{}, 1)
	w.Runner.Gate = gate.New(gate.Config{
		Redis: b.rdb, BreakerFailures: b.failures, BreakerOpenFor: b.openFor, Now: time.Now,
		OnBreaker: func(_, _, to string) {
			if to == "open" {
				opened <- struct{}{}
			}
		},
	})
	const backlog = 10_000
	for i := range backlog {
		b.create(t, i)
	}
	b.start(t, w)
	<-opened
	before := b.commands(t)
	watched := 2 * time.Second
	time.Sleep(watched) // the time itself is what is measured: how much Redis hears in it
	perSecond := float64(b.commands(t)-before) / watched.Seconds()
	if perSecond > 200 {
		t.Errorf("%.0f commands per second while the breaker is open and 10,000 wait", perSecond)
	}
	if stat := b.count(t, sm.StateQueued); stat != backlog {
		t.Errorf("%d of %d payouts are as they were behind an open breaker", stat, backlog)
	}
	info, err := b.queue.Inspector.GetQueueInfo(wakeup.QueueTopUp)
	if err != nil || info.Retry != 0 || info.Pending < backlog-1 {
		t.Errorf("the backlog was moved: %d pending, %d in retry, %v", info.Pending, info.Retry, err)
	}

	b.await(t, "PAY-00100", sm.StateSucceeded)
	var order []string
	for _, tx := range b.dana.State().Transactions {
		if strings.HasPrefix(tx.Ref, "PAY-") {
			order = append(order, tx.Ref)
		}
	}
	if !slices.IsSorted(order) {
		t.Errorf("the backlog lost its order: %v…", order[:20])
	}
}

func (b *bundle) count(t *testing.T, state sm.State) int64 {
	t.Helper()
	stats, err := b.ledger.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(stats, func(s ledger.Stat) bool { return s.State == state })
	return stats[i].Count
}

// create records and enqueues one payout of the backlog.
func (b *bundle) create(t *testing.T, i int) {
	t.Helper()
	p, err := payout.Instruction{Ref: fmt.Sprintf("PAY-%05d", i), Customer: fmt.Sprintf("6281%07d", i), Amount: "1000"}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := wakeup.Submit(t.Context(), b.ledger, b.queue, p, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) commands(t *testing.T) int {
	t.Helper()
	info, err := b.rdb.Info(t.Context(), "stats").Result()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	_, rest, _ := strings.Cut(info, "total_commands_processed:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A worker that is stopped while its tasks wait at a closed gate gives them back to the head
// of the queue.
func TestStopAtAClosedGateKeepsTheOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.timeout = time.Second // shorter, a busy machine fails exchanges and changes the order
	if err := gate.HoldByPerson(t.Context(), b.rdb, "audit", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		b.create(t, i)
	}
	w := b.worker(t, "w1")
	w.Concurrency = 1
	stop := b.start(t, w)
	b.awaitActive(t)
	stop()
	if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	second := b.worker(t, "w2")
	second.Concurrency = 1
	b.start(t, second)
	b.await(t, "PAY-00049", sm.StateSucceeded)
	var order []string
	for _, tx := range b.dana.State().Transactions {
		order = append(order, tx.Ref)
	}
	if !slices.IsSorted(order) || len(order) != 50 {
		t.Errorf("%d sent, order %v", len(order), order)
	}
	if rec := b.get(t, "PAY-00000"); rec.Tx.Attempts != 1 {
		t.Errorf("%d attempts", rec.Tx.Attempts)
	}
}

// Once a worker is told to stop, nothing more passes its gate, also if the hold is lifted
// that very moment.
func TestStoppingWorkerSendsNothingNew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.timeout = 500 * time.Millisecond
	if err := gate.HoldByPerson(t.Context(), b.rdb, "audit", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	stop := b.start(t, w)
	b.awaitActive(t)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	for b.logs.FilterMessageSnippet("stopping").Len() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	<-stopped
	if n := b.sends("PAY-1"); n != 0 {
		t.Errorf("the stopping worker sent %d", n)
	}
	b.start(t, b.worker(t, "w2"))
	b.await(t, "PAY-1", sm.StateSucceeded)
}

// What was settled while an inquiry waited at the gate is not asked about any more.
func TestInquiryThatWaitedAsksOnlyWhatIsOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(t, "w1")
	b.open(t, w)
	b.preset(t, "PAY-1", "in_progress", 1)
	b.policy.InquiryDelays = []time.Duration{time.Millisecond}
	w.Runner.Policy = b.policy
	b.submit(t, "PAY-1", good)
	if err := w.Runner.Send(t.Context(), b.task("PAY-1")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Runner.Gate.Hold(t.Context(), gate.Hold{Cause: sm.CredentialsRefused, Ref: "PAY-1"}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- w.Runner.Inquire(context.WithoutCancel(t.Context()), b.task("PAY-1")) }()
	settled := func(r ledger.Record) (sm.Event, bool) {
		o := sm.Outcome{Kind: sm.Succeeded, EchoRef: "PAY-1", EchoAmount: r.Payout.Amount}
		return sm.InquiryResult(r.Tx.Inquiries+1, "", o, time.Now()), true
	}
	if _, _, err := ledger.Update(t.Context(), b.ledger, b.policy, "PAY-1", "", settled); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Resume(t.Context(), b.rdb, "", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := b.dana.State().Requests["topup-status"]; n != 0 {
		t.Errorf("DANA was asked %d times about a payout that was settled", n)
	}
}

// A hold is lifted only by an answer that proves its cause gone.
func TestProbe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	probe := func(cause sm.Why, want bool, when string) {
		t.Helper()
		if got := w.Runner.Probe(t.Context(), gate.Hold{Cause: cause, Ref: "PAY-1"}); got != want {
			t.Errorf("%s: lift %t, want %t", when, got, want)
		}
	}
	deposit := func(rupiah int64) {
		t.Helper()
		if err := b.dana.SetDeposit(money.Rupiah(rupiah)); err != nil {
			t.Fatal(err)
		}
	}
	deposit(0)
	probe(sm.InsufficientFunds, false, "the deposit is empty")
	deposit(1_000_000)
	probe(sm.InsufficientFunds, true, "the deposit is funded")
	b.dana.RefuseCredentials(true)
	probe(sm.CredentialsRefused, false, "the credentials are refused")
	probe(sm.InsufficientFunds, false, "nothing can be learnt about the deposit")
	b.dana.RefuseCredentials(false)
	probe(sm.CredentialsRefused, true, "the credentials are accepted")
	b.danaURL = "http://127.0.0.1:1"
	w = b.worker(t, "w2")
	probe(sm.CredentialsRefused, false, "DANA cannot be reached")
	probe(sm.InsufficientFunds, false, "DANA cannot be reached")
	if w.Runner.Probe(t.Context(), gate.Hold{Cause: sm.InsufficientFunds, Ref: "NONE"}) {
		t.Error("lifted without a payout to ask about")
	}
}

func (b *bundle) awaitActive(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		active, err := b.queue.Inspector.ListActiveTasks(wakeup.QueueTopUp)
		if err == nil && len(active) > 0 {
			return
		}
	}
	t.Fatal("no task was taken")
}

// Inquiries go on while sending is held by a person.
func TestInquiriesGoOnDuringAHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.preset(t, "PAY-1", "in_progress", 1)
	b.policy.InquiryDelays = []time.Duration{2 * time.Second}
	b.submit(t, "PAY-1", good)
	w := b.worker(t, "w1")
	b.start(t, w)
	b.await(t, "PAY-1", sm.StatePending)
	if err := gate.HoldByPerson(t.Context(), b.rdb, "audit", "Sari", time.Now()); err != nil {
		t.Fatal(err)
	}
	for len(w.Runner.Gate.Status().Holds) == 0 { // seen by every worker within a second
		time.Sleep(10 * time.Millisecond)
	}
	b.submit(t, "PAY-2", good)
	b.await(t, "PAY-1", sm.StateSucceeded)
	if rec := b.get(t, "PAY-2"); rec.Tx.State != sm.StateQueued {
		t.Errorf("sent during a hold: %s", rec.Tx.State)
	}
}

func TestRetryDelayIsTotal(t *testing.T) {
	t.Parallel()
	closed := fmt.Errorf("wrapped: %w", &gate.ClosedError{API: "topup", Why: "hold", Err: context.Canceled})
	for _, n := range []int{-1, 0, 4, 5, 1_000_000} {
		for err, want := range map[error]time.Duration{
			closed:                                 time.Second,
			asynq.ErrLeaseExpired:                  5 * time.Second,
			ledger.ErrStale:                        5 * time.Second,
			&PayloadError{Err: ledger.ErrConflict}: 10 * time.Minute,
		} {
			if got := retryDelay(n, err, nil); got != want {
				t.Errorf("n=%d %v: %s, want %s", n, err, got, want)
			}
			if isFailure(err) {
				t.Errorf("%v is counted as a failure", err)
			}
		}
	}
	if retryDelay(0, nil, nil) <= 0 {
		t.Error("no delay without an error")
	}
}
