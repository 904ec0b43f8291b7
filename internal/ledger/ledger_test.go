package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

type bundle struct {
	ledger *ledger.Redis
	rdb    *redis.Client
	policy sm.Policy
	now    time.Time
}

// conformance runs one test on a real redis-server and on the embedded one: whatever a
// Ledger promises holds on both.
func conformance(t *testing.T, f func(t *testing.T, b bundle)) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		f(t, bundle{
			ledger: ledger.NewRedis(rdb), rdb: rdb, policy: sm.DefaultPolicy(),
			now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		})
	})
}

func (b bundle) payout(t *testing.T, ref, amount string) payout.Payout {
	t.Helper()
	p, err := payout.Instruction{Ref: ref, Customer: "62811742234", Amount: payout.Number(amount)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b bundle) create(t *testing.T, ref, amount string) ledger.Record {
	t.Helper()
	rec, created, err := b.ledger.Create(t.Context(), b.payout(t, ref, amount), b.now)
	if err != nil || !created {
		t.Fatalf("create %s: created %t, %v", ref, created, err)
	}
	return rec
}

func (b bundle) happen(t *testing.T, ref string, make func(ledger.Record) sm.Event) ledger.Record {
	t.Helper()
	rec, _, err := ledger.Update(t.Context(), b.ledger, b.policy, ref, "", func(r ledger.Record) (sm.Event, bool) { return make(r), true })
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return rec
}

func (b bundle) take(ledger.Record) sm.Event {
	return sm.Take(sm.Attempt{ExternalID: "ext-1", Owner: "w1", StartedAt: b.now, Deadline: b.now.Add(11 * time.Second)})
}

func (b bundle) pays(r ledger.Record) sm.Event {
	return sm.SendResult(r.Tx.Open, sm.Outcome{
		Kind: sm.Succeeded, Code: "2003800", ReferenceNo: "2026030100001", EchoRef: r.Payout.Ref, EchoAmount: r.Payout.Amount,
	}, b.now)
}

func (b bundle) unclear(r ledger.Record) sm.Event {
	return sm.SendResult(r.Tx.Open, sm.Outcome{Kind: sm.AskStatus, Code: "5003800"}, b.now)
}

func TestCreate(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		first := b.create(t, "PAY-1", "10000")
		if first.Tx.State != sm.StateQueued || first.Version != 1 {
			t.Fatalf("created as %+v", first)
		}
		again, created, err := b.ledger.Create(t.Context(), b.payout(t, "PAY-1", "10000.00"), b.now.Add(time.Hour))
		if err != nil || created || again.CreatedAt != first.CreatedAt {
			t.Fatalf("same content again: created %t, at %s, %v", created, again.CreatedAt, err)
		}
		_, created, err = b.ledger.Create(t.Context(), b.payout(t, "PAY-1", "10001"), b.now)
		if !errors.Is(err, ledger.ErrConflict) || created {
			t.Fatalf("other content: created %t, %v", created, err)
		}
		got, err := b.ledger.Get(t.Context(), "PAY-1")
		if err != nil || got != first {
			t.Fatalf("read back %+v, %v; want %+v", got, err, first)
		}
		if n := b.rdb.XLen(t.Context(), "salur:{topup}:events").Val(); n != 1 {
			t.Errorf("%d events for one creation", n)
		}
	})
}

func TestNotFound(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		if _, err := b.ledger.Get(t.Context(), "NONE"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("Get: %v", err)
		}
		if _, err := b.ledger.History(t.Context(), "NONE"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("History: %v", err)
		}
		rec := ledger.Record{Payout: b.payout(t, "NONE", "1"), Version: 1}
		rec.Tx = sm.New("NONE", rec.Payout.Amount, time.Time{}, b.now)
		if _, err := b.ledger.Apply(t.Context(), rec, b.policy.Decide(rec.Tx, b.take(rec)), ""); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("Apply: %v", err)
		}
	})
}

// Record, history, index, sums and stream change in one step.
func TestApplyMovesEverythingTogether(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		ctx := t.Context()
		b.create(t, "PAY-1", "10000.50")
		out := b.happen(t, "PAY-1", b.take)
		if out.Tx.Open.ExternalID != "ext-1" || out.Tx.State != sm.StateProcessing {
			t.Fatalf("write-ahead: %+v", out.Tx)
		}
		done := b.happen(t, "PAY-1", b.pays)
		got, err := b.ledger.Get(ctx, "PAY-1")
		if err != nil || got != done || got.Tx.State != sm.StateSucceeded || got.Version != 3 {
			t.Fatalf("read back %+v, %v", got, err)
		}
		history, err := b.ledger.History(ctx, "PAY-1")
		if err != nil || len(history) != 3 {
			t.Fatalf("history of %d, %v", len(history), err)
		}
		last := history[2]
		if last.From != sm.StateProcessing || last.To != sm.StateSucceeded || last.ResponseCode != "2003800" || last.Event != "send_succeeded" {
			t.Errorf("last entry %+v", last)
		}
		stats, err := b.ledger.Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stats {
			wantCount, wantCents := int64(0), int64(0)
			if s.State == sm.StateSucceeded {
				wantCount, wantCents = 1, 1000050
			}
			if s.Count != wantCount || s.Cents != wantCents {
				t.Errorf("%s: %d of %d cents, want %d of %d", s.State, s.Count, s.Cents, wantCount, wantCents)
			}
		}
		for _, step := range []sm.Step{sm.StepSend, sm.StepAnswer, sm.StepInquire} {
			wakes, err := b.ledger.Overdue(ctx, payout.TopUp, step, b.now.Add(1000*time.Hour), 10)
			if err != nil || len(wakes) != 0 {
				t.Errorf("a finished payout is still in the index of %s: %v, %v", step, wakes, err)
			}
		}
		events, err := b.ledger.Events(ctx, "0", 10, time.Millisecond)
		if err != nil || len(events) != 3 {
			t.Fatalf("%d events, want 3: %v", len(events), err)
		}
		event := events[2]
		event.ID = ""
		if want := (ledger.Event{Ref: "PAY-1", Kind: payout.TopUp, From: sm.StateProcessing, To: sm.StateSucceeded, Trigger: "send_succeeded",
			At: b.now, Version: 3, Amount: done.Payout.Amount, ReferenceNo: done.Tx.ReferenceNo}); event != want {
			t.Errorf("event %+v\nwant  %+v", event, want)
		}
	})
}

func TestApplyIsCompareAndSet(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		rec := b.create(t, "PAY-1", "10000")
		d := b.policy.Decide(rec.Tx, b.take(rec))
		if _, err := b.ledger.Apply(t.Context(), rec, d, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := b.ledger.Apply(t.Context(), rec, d, ""); !errors.Is(err, ledger.ErrStale) {
			t.Fatalf("a second write on one version: %v, want ErrStale", err)
		}
		history, _ := b.ledger.History(t.Context(), "PAY-1")
		if len(history) != 2 {
			t.Errorf("the stale write left %d entries, want 2", len(history))
		}
	})
}

// Many workers take one payout at once: one attempt goes out.
func TestOnlyOneTakes(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.create(t, "PAY-1", "10000")
		var wg sync.WaitGroup
		won := make(chan string, 20)
		for i := range 20 {
			wg.Go(func() {
				mine := fmt.Sprintf("w%d", i)
				rec, d, err := ledger.Update(t.Context(), b.ledger, b.policy, "PAY-1", "", func(ledger.Record) (sm.Event, bool) {
					return sm.Take(sm.Attempt{Owner: mine, StartedAt: b.now, Deadline: b.now}), true
				})
				if err != nil {
					t.Error(err)
				}
				if !d.Ignored && rec.Tx.Open.Owner == mine {
					won <- mine
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d workers hold the attempt, want 1", len(won))
		}
	})
}

// lostReply carries a script out and then loses its answer, once, as a broken line does.
type lostReply struct{ lost bool }

func (h *lostReply) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *lostReply) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := next(ctx, cmds); err != nil || h.lost {
			return err
		}
		h.lost = true
		return next(ctx, cmds)
	}
}
func (h *lostReply) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := next(ctx, cmd); err != nil || h.lost || cmd.Name() != "evalsha" {
			return err
		}
		h.lost = true
		return next(ctx, cmd) // what a client does that lost the answer: the same command again
	}
}

// A write whose answer is lost is sent again and recognised as the ledger's own.
func TestLostReplyIsNotStale(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.rdb.AddHook(&lostReply{lost: true}) // the scripts are loaded by other tests or by the first call
		b.create(t, "WARM", "1")
		b.happen(t, "WARM", b.take)

		create := &lostReply{}
		b.rdb.AddHook(create)
		rec := b.create(t, "PAY-1", "10000")
		if !create.lost {
			t.Fatal("no answer was lost")
		}
		apply := &lostReply{}
		b.rdb.AddHook(apply)
		if _, err := b.ledger.Apply(t.Context(), rec, b.policy.Decide(rec.Tx, b.take(rec)), ""); err != nil || !apply.lost {
			t.Fatalf("apply: %v (answer lost: %t)", err, apply.lost)
		}
		history, _ := b.ledger.History(t.Context(), "PAY-1")
		got, _ := b.ledger.Get(t.Context(), "PAY-1")
		if len(history) != 2 || got.Version != 2 {
			t.Errorf("%d entries at version %d, want 2 at 2", len(history), got.Version)
		}
	})
}

func TestApplyRefusesToBreakAPromise(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.create(t, "PAY-1", "10000")
		b.happen(t, "PAY-1", b.take)
		rec := b.happen(t, "PAY-1", b.pays)
		for name, change := range map[string]func(*sm.Decision){
			"FinalState": func(d *sm.Decision) { d.Tx.State = sm.StateFailed },
			"Reference":  func(d *sm.Decision) { d.Tx.Ref = "PAY-2" },
			"Amount":     func(d *sm.Decision) { d.Tx.Amount = money.Rupiah(1) },
		} {
			d := sm.Decision{Tx: rec.Tx, Entry: sm.Entry{At: b.now, From: rec.Tx.State, To: rec.Tx.State}}
			change(&d)
			if _, err := b.ledger.Apply(t.Context(), rec, d, ""); !errors.Is(err, ledger.ErrForbidden) {
				t.Errorf("%s: %v, want ErrForbidden", name, err)
			}
		}
		if got, _ := b.ledger.Get(t.Context(), "PAY-1"); got != rec {
			t.Errorf("the record changed: %+v", got)
		}
	})
}

func TestRepetitionsAreOneLine(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		b.create(t, "PAY-1", "10000")
		b.happen(t, "PAY-1", b.take)
		b.happen(t, "PAY-1", b.unclear)
		for i := range 40 {
			at := b.now.Add(time.Duration(i) * time.Minute)
			b.happen(t, "PAY-1", func(r ledger.Record) sm.Event {
				return sm.InquiryResult(r.Tx.Inquiries+1, fmt.Sprint("ext", i), sm.Outcome{Kind: sm.InProgress, Status: "02", Code: "2003900"}, at)
			})
		}
		history, err := b.ledger.History(t.Context(), "PAY-1")
		if err != nil || len(history) != 4 {
			t.Fatalf("%d entries, want 4: %v", len(history), err)
		}
		last := history[3]
		if last.Times != 40 || !last.Since.Equal(b.now) || !last.At.Equal(b.now.Add(39*time.Minute)) || last.ExternalID != "ext39" {
			t.Errorf("entry %+v", last)
		}
		rec, _ := b.ledger.Get(t.Context(), "PAY-1")
		if rec.Tx.Inquiries != 40 {
			t.Errorf("%d inquiries counted, want 40", rec.Tx.Inquiries)
		}
	})
}

func TestOverdueAndPostpone(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		ctx := t.Context()
		b.create(t, "QUEUED", "1")
		b.create(t, "OUT", "1")
		b.happen(t, "OUT", b.take)
		refs := func(step sm.Step, after time.Duration) string {
			wakes, err := b.ledger.Overdue(ctx, payout.TopUp, step, b.now.Add(after), 10)
			if err != nil {
				t.Fatal(err)
			}
			s := ""
			for _, w := range wakes {
				s += w.Ref + " "
			}
			return s
		}
		for _, tt := range []struct {
			step  sm.Step
			after time.Duration
			want  string
		}{
			{sm.StepSend, -time.Millisecond, ""}, {sm.StepSend, 0, "QUEUED "},
			{sm.StepAnswer, 10 * time.Second, ""}, {sm.StepAnswer, 11 * time.Second, "OUT "},
			{sm.StepInquire, time.Hour, ""},
		} {
			if got := refs(tt.step, tt.after); got != tt.want {
				t.Errorf("%s: after %s overdue are %q, want %q", tt.step, tt.after, got, tt.want)
			}
		}
		b.happen(t, "OUT", b.unclear)
		if a, i := refs(sm.StepAnswer, time.Hour), refs(sm.StepInquire, 0); a != "" || i != "OUT " {
			t.Fatalf("after the answer: %q wait for one, %q are to be inquired", a, i)
		}
		wakes, _ := b.ledger.Overdue(ctx, payout.TopUp, sm.StepInquire, b.now, 1)
		if err := b.ledger.Postpone(ctx, wakes[0], b.now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := refs(sm.StepInquire, time.Minute); got != "" {
			t.Errorf("after postponing OUT overdue are %q", got)
		}
		// It has moved on meanwhile: the older look must not hide the new step.
		b.now = b.now.Add(time.Second)
		b.happen(t, "OUT", func(ledger.Record) sm.Event { return sm.AskNow("Sari", "", b.now) })
		if err := b.ledger.Postpone(ctx, wakes[0], b.now.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := refs(sm.StepInquire, time.Minute); got != "OUT " {
			t.Errorf("a stale postponement hid the step: %q", got)
		}
	})
}

func TestList(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		start := b.now
		for i := range 5 {
			b.now = start.Add(time.Duration(i) * time.Minute)
			b.create(t, fmt.Sprint("PAY-", i), "1000")
		}
		b.happen(t, "PAY-1", b.take)
		for _, tt := range []struct {
			name string
			q    ledger.Query
			want string
		}{
			{"All", ledger.Query{}, "PAY-4 PAY-3 PAY-2 PAY-1 PAY-0 "},
			{"State", ledger.Query{State: sm.StateProcessing}, "PAY-1 "},
			{"Limit", ledger.Query{Limit: 2}, "PAY-4 PAY-3 "},
			{"SinceUntil", ledger.Query{Since: start.Add(time.Minute), Until: start.Add(3 * time.Minute)}, "PAY-2 PAY-1 "},
			{"None", ledger.Query{State: sm.StateReview}, ""},
		} {
			list, err := b.ledger.List(t.Context(), tt.q)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, rec := range list {
				got += rec.Payout.Ref + " "
			}
			if got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	})
}

func TestPurge(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		ctx := t.Context()
		for _, ref := range []string{"DONE", "OPEN", "LATER"} {
			b.create(t, ref, "1000")
			b.happen(t, ref, b.take)
		}
		b.happen(t, "DONE", b.pays)
		cut := b.now.Add(time.Hour)
		b.now = b.now.Add(2 * time.Hour)
		b.happen(t, "LATER", b.pays)

		n, err := b.ledger.Purge(ctx, cut, 10)
		if err != nil || n != 1 {
			t.Fatalf("purged %d, %v; want 1", n, err)
		}
		if _, err := b.ledger.Get(ctx, "DONE"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("DONE is still there: %v", err)
		}
		for _, ref := range []string{"OPEN", "LATER"} {
			if _, err := b.ledger.Get(ctx, ref); err != nil {
				t.Errorf("%s: %v", ref, err)
			}
		}
		stats, _ := b.ledger.Stats(ctx)
		for _, s := range stats {
			if s.State == sm.StateSucceeded && (s.Count != 1 || s.Cents != 100000) {
				t.Errorf("succeeded after the purge: %d of %d cents", s.Count, s.Cents)
			}
		}
		keys, _ := b.rdb.Keys(ctx, "salur:*DONE*").Result()
		if len(keys) != 0 {
			t.Errorf("left behind: %v", keys)
		}
	})
}

// meanwhile does something once, right before the first script after it was made.
type meanwhile struct{ do func() }

func (h *meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if do := h.do; do != nil && cmd.Name() == "evalsha" {
			h.do = nil
			do()
		}
		return next(ctx, cmd)
	}
}

// A payout that changes while it is about to be forgotten is not forgotten: sums and indexes stay true.
func TestPurgeLeavesWhatHasChanged(t *testing.T) {
	conformance(t, func(t *testing.T, b bundle) {
		ctx := t.Context()
		b.create(t, "DONE", "1000")
		b.happen(t, "DONE", b.take)
		b.happen(t, "DONE", b.pays)
		b.rdb.AddHook(&meanwhile{func() {
			b.happen(t, "DONE", func(r ledger.Record) sm.Event {
				return sm.InquiryResult(r.Tx.Inquiries+1, "ext-2", sm.Outcome{Kind: sm.Unknown}, b.now)
			})
		}})
		if n, err := b.ledger.Purge(ctx, b.now.Add(time.Hour), 10); err != nil || n != 0 {
			t.Errorf("purged %d, %v; want none", n, err)
		}
		if rec, err := b.ledger.Get(ctx, "DONE"); err != nil || rec.Version != 4 {
			t.Errorf("%+v, %v", rec, err)
		}
		if n, err := b.ledger.Purge(ctx, b.now.Add(time.Hour), 10); err != nil || n != 1 {
			t.Errorf("then purged %d, %v; want 1", n, err)
		}
	})
}
