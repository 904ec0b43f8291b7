package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/ledger"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// outbox is an outbox that was begun, and the payouts whose outcomes are in it.
type outbox struct {
	bundle
	*ledger.Outbox
}

// each runs a test with an outbox that begins after one payout was paid.
func each(t *testing.T, f func(t *testing.T, o outbox)) {
	conformance(t, func(t *testing.T, b bundle) {
		o := outbox{b, ledger.NewOutbox(b.rdb)}
		o.fail(t, "BEFORE")
		if after, mine, err := o.Read(t.Context(), "w1", time.Minute); err != nil || !mine || after == "0-0" {
			t.Fatalf("%s, %t, %v", after, mine, err)
		}
		f(t, o)
	})
}

// fail makes a payout whose one outcome is that it failed; pend one that is pending and then failed.
func (o outbox) fail(t *testing.T, ref string) {
	o.bundle.end(t, ref, sm.Outcome{Kind: sm.Refused, Why: "exceeds_limit"})
}

func (o outbox) pend(t *testing.T, ref string) {
	o.bundle.end(t, ref, sm.Outcome{Kind: sm.AskStatus, Why: "general_error"})
	o.happen(t, ref, func(r ledger.Record) sm.Event {
		return sm.InquiryResult(r.Tx.Inquiries+1, "ext", sm.Outcome{Kind: sm.Failed, Status: "06"}, o.now)
	})
}

func (b bundle) end(t *testing.T, ref string, out sm.Outcome) {
	t.Helper()
	b.create(t, ref, "10000")
	b.happen(t, ref, func(ledger.Record) sm.Event {
		return sm.Take(sm.Attempt{ExternalID: "ext", Owner: "w", StartedAt: b.now, Deadline: b.now.Add(time.Minute)})
	})
	b.happen(t, ref, func(r ledger.Record) sm.Event { return sm.SendResult(r.Tx.Open, out, b.now) })
}

// move puts down everything that has not been, as the owner.
func (o outbox) move(t *testing.T, owner string, now time.Time) []ledger.Due {
	t.Helper()
	after, _, err := o.Read(t.Context(), owner, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	events, err := o.ledger.Events(t.Context(), after, 1000, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	due, err := o.Put(t.Context(), after, events, now)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func (o outbox) take(t *testing.T, ref, token string, now time.Time) (ledger.Delivery, time.Time) {
	t.Helper()
	d, due, err := o.Take(t.Context(), ref, token, now, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return d, due
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestOutboxTakesOutcomesOnce(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		after, _, _ := o.Read(ctx, "w1", time.Minute)
		o.fail(t, "A")
		o.pend(t, "B")
		events := must[[]ledger.Event](t)(o.ledger.Events(ctx, after, 1000, time.Millisecond))
		want := []ledger.Due{{"A", o.now}, {"B", o.now}}
		for range 2 { // the same call made again, after its answer was lost
			due := must[[]ledger.Due](t)(o.Put(ctx, after, events, o.now))
			seen := map[string]bool{}
			for _, d := range due {
				seen[d.Ref] = d.At.Equal(o.now)
			}
			if !seen["A"] || !seen["B"] || len(seen) != len(want) {
				t.Errorf("%v", due)
			}
		}
		// Another reader, who read less or more of the same, is too late.
		if _, err := o.Put(ctx, after, events[:1], o.now); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("put down twice: %v", err)
		}
		if due := o.move(t, "w1", o.now); len(due) != 0 {
			t.Errorf("there is nothing new, and yet %v", due)
		}
		var told []string
		for _, ref := range []string{"A", "B", "BEFORE"} {
			for more := true; more; {
				d, _ := o.take(t, ref, "t", o.now)
				if d.Event.ID == "" {
					break
				}
				told = append(told, fmt.Sprint(ref, " ", d.Event.From, " ", d.Event.To))
				more = must[bool](t)(o.Delivered(ctx, d, o.now))
			}
		}
		if diff := cmp.Diff([]string{"A processing failed", "B processing pending", "B pending failed"}, told); diff != "" {
			t.Error(diff)
		}
		if b := must[ledger.Backlog](t)(o.Backlog(ctx)); b != (ledger.Backlog{}) {
			t.Errorf("%+v", b)
		}
		for _, pattern := range []string{"*outbox:to:*", "*outbox:head:*"} {
			if keys := o.rdb.Keys(ctx, pattern).Val(); len(keys) != 0 {
				t.Errorf("left behind: %v", keys)
			}
		}
	})
}

// One worker reads at a time, and another when it is silent for as long as it said.
func TestOutboxReader(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		if _, mine, err := o.Read(ctx, "w2", time.Minute); mine || err != nil {
			t.Errorf("two readers, %v", err)
		}
		if ttl := o.rdb.PTTL(ctx, "salur:{topup}:outbox:reader").Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("it reads for %s", ttl)
		}
		o.rdb.Del(ctx, "salur:{topup}:outbox:reader") // as its end does
		first, _ := o.ledger.LastEvent(ctx)
		o.fail(t, "A")
		if after, mine, err := o.Read(ctx, "w2", time.Minute); !mine || err != nil || after != first {
			t.Errorf("after %s, %t, %v: want to go on after %s", after, mine, err, first)
		}
	})
	t.Run("FromTheStart", func(t *testing.T) {
		conformance(t, func(t *testing.T, b bundle) {
			o := outbox{b, ledger.NewOutbox(b.rdb)}
			if after, mine, err := o.Read(t.Context(), "w", time.Minute); err != nil || !mine || after != "0-0" {
				t.Errorf("%s, %t, %v", after, mine, err)
			}
		})
	})
}

func TestOutboxTake(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		o.pend(t, "A")
		o.move(t, "w1", o.now.Add(time.Second))
		if d, due := o.take(t, "NONE", "t", o.now); d.Event.ID != "" || !due.IsZero() {
			t.Errorf("of no payout: %+v, %s", d, due)
		}
		if d, due := o.take(t, "A", "t", o.now); d.Event.ID != "" || !due.Equal(o.now.Add(time.Second)) {
			t.Errorf("before its time: %+v, %s", d, due)
		}
		now := o.now.Add(time.Second)
		d, _ := o.take(t, "A", "mine", now)
		if again, _ := o.take(t, "A", "mine", now.Add(time.Millisecond)); again.Event != d.Event || d.Event.To != sm.StatePending {
			t.Errorf("the same call again: %+v", again)
		}
		now = now.Add(time.Millisecond)
		if other, due := o.take(t, "A", "other", now); other.Event.ID != "" || !due.Equal(now.Add(time.Minute)) {
			t.Errorf("taken by two: %+v, %s", other, due)
		}
		// The lease is over: somebody else has it, and what the first one says counts no more.
		now = now.Add(time.Minute)
		other, _ := o.take(t, "A", "other", now)
		if other.Event != d.Event {
			t.Errorf("after the lease: %+v", other)
		}
		f := ledger.Failure{Tries: 1, Since: now, Error: "timeout"}
		if _, err := o.Delivered(ctx, d, now); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("Delivered: %v", err)
		}
		if err := o.Later(ctx, d, f, now); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("Later: %v", err)
		}
		if _, err := o.GiveUp(ctx, d, f, now); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("GiveUp: %v", err)
		}
		// A failure counts for its outcome, and the payout's since stays until something is delivered.
		if err := o.Later(ctx, other, f, now.Add(5*time.Second)); err != nil {
			t.Fatal(err)
		}
		overdue := must[[]ledger.Due](t)(o.Overdue(ctx, now.Add(5*time.Second), 10))
		if len(overdue) != 1 || overdue[0].Ref != "A" || !overdue[0].At.Equal(now.Add(5*time.Second)) {
			t.Errorf("%+v", overdue)
		}
		if early := must[[]ledger.Due](t)(o.Overdue(ctx, now.Add(4999*time.Millisecond), 10)); len(early) != 0 {
			t.Errorf("due early: %+v", early)
		}
		now = now.Add(5 * time.Second)
		d, _ = o.take(t, "A", "t", now)
		if d.Tries != 1 || !d.Failing.Equal(f.Since) {
			t.Errorf("%d tries, failing since %s", d.Tries, d.Failing)
		}
		for range 2 { // the same call made again
			if more := must[bool](t)(o.Delivered(ctx, d, now)); !more {
				t.Error("there is another outcome")
			}
		}
		d, _ = o.take(t, "A", "t", now)
		if d.Event.To != sm.StateFailed || d.Tries != 0 || !d.Failing.IsZero() {
			t.Errorf("the next one: %+v", d)
		}
	})
}

func TestOutboxGivesUp(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		o.pend(t, "A")
		o.fail(t, "B")
		o.move(t, "w1", o.now)
		f := ledger.Failure{Tries: 17, Since: o.now.Add(-72 * time.Hour), Error: "refused", Status: 500}
		first, _ := o.take(t, "A", "t", o.now)
		for range 2 { // the same call made again
			if more := must[bool](t)(o.GiveUp(ctx, first, f, o.now)); !more {
				t.Error("there is another outcome")
			}
		}
		second, _ := o.take(t, "A", "t", o.now)
		if second.Event.To != sm.StateFailed || second.Tries != 0 || !second.Failing.Equal(f.Since) {
			t.Errorf("the next one, of a payout that is still failing: %+v", second)
		}
		all, more, err := o.Undelivered(ctx, 10)
		if err != nil || more || len(all) != 1 || all[0].Event != first.Event || !all[0].GaveUpAt.Equal(o.now) ||
			all[0].Tries != 17 || !all[0].Since.Equal(f.Since) || all[0].Error != "refused" || all[0].Status != 500 {
			t.Errorf("%+v, %t, %v", all, more, err)
		}
		if b := must[ledger.Backlog](t)(o.Backlog(ctx)); b.Waiting != 2 || b.Undelivered != 1 || b.Oldest.IsZero() {
			t.Errorf("%+v", b)
		}

		// Sent again while the next one is under way: it comes after that, before the rest, and afresh.
		if _, _, err := o.Resend(ctx, "B", o.now); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("nothing was given up: %v", err)
		}
		n, due, err := o.Resend(ctx, "A", o.now)
		if err != nil || n != 1 || !due.Equal(o.now.Add(time.Minute)) {
			t.Errorf("%d, %s, %v", n, due, err)
		}
		if err := o.Later(ctx, second, ledger.Failure{Tries: 1, Since: o.now}, o.now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := o.GiveUp(ctx, first, f, o.now); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("%v", err)
		}
		got, _ := o.take(t, "A", "t", o.now.Add(time.Hour))
		if got.Event != first.Event || got.Tries != 0 {
			t.Errorf("first comes %+v", got)
		}
		if more := must[bool](t)(o.Delivered(ctx, got, o.now)); !more {
			t.Error("the other one is lost")
		}
		if got, _ = o.take(t, "A", "t", o.now); got.Event != second.Event {
			t.Errorf("then comes %+v", got)
		}

		// Sent again while the rest waits for its next attempt: that is now.
		must[bool](t)(o.GiveUp(ctx, got, f, o.now))
		o.fail(t, "C")
		o.move(t, "w1", o.now)
		if _, _, err := o.Resend(ctx, "A", o.now); err != nil {
			t.Fatal(err)
		}
		if all, _, err := o.Undelivered(ctx, 10); err != nil || len(all) != 0 {
			t.Errorf("still listed: %+v, %v", all, err)
		}
		if b := must[ledger.Backlog](t)(o.Backlog(ctx)); b.Undelivered != 0 || b.Waiting != 3 {
			t.Errorf("%+v", b)
		}
	})
}

// While a payout waits for its next attempt, sending again what was given up makes it due at once.
func TestOutboxResendIsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		o.pend(t, "A")
		o.move(t, "w1", o.now)
		f := ledger.Failure{Tries: 1, Since: o.now, Error: "timeout"}
		d, _ := o.take(t, "A", "t", o.now)
		must[bool](t)(o.GiveUp(ctx, d, f, o.now))
		d, _ = o.take(t, "A", "t", o.now)
		if err := o.Later(ctx, d, f, o.now.Add(10*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, due, err := o.Resend(ctx, "A", o.now); err != nil || !due.Equal(o.now) {
			t.Errorf("due %s, %v", due, err)
		}
		if got, _ := o.take(t, "A", "t", o.now); got.Event.To != sm.StatePending || !got.Failing.IsZero() {
			t.Errorf("%+v", got)
		}
	})
}

// A new outcome neither hurries nor delays those that wait before it, and the age is that of the first.
func TestOutboxAge(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		add := func(id string, to sm.State) {
			t.Helper()
			after, _, _ := o.Read(ctx, "w1", time.Minute)
			must[[]ledger.Due](t)(o.Put(ctx, after, []ledger.Event{{ID: id, Ref: "A", To: to}}, o.now.Add(2*time.Hour)))
		}
		oldest := func(want int64) {
			t.Helper()
			if b := must[ledger.Backlog](t)(o.Backlog(ctx)); b.Oldest.UnixMilli() != want {
				t.Errorf("the oldest is of %d, want %d", b.Oldest.UnixMilli(), want)
			}
		}
		const first, second, third = 9_000_000_000_001, 9_000_000_000_002, 9_000_000_000_003
		at := o.now.Add(2 * time.Hour)
		add("9000000000001-0", sm.StatePending)
		d, _ := o.take(t, "A", "t", at)
		f := ledger.Failure{Tries: 1, Since: at}
		if err := o.Later(ctx, d, f, at.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		add("9000000000002-0", sm.StateReview)
		add("9000000000003-0", sm.StateFailed)
		oldest(first)
		if due := must[[]ledger.Due](t)(o.Overdue(ctx, at.Add(10*time.Hour), 10)); len(due) != 1 || !due[0].At.Equal(at.Add(time.Hour)) {
			t.Errorf("%+v", due)
		}
		at = at.Add(time.Hour)
		d, _ = o.take(t, "A", "t", at)
		must[bool](t)(o.GiveUp(ctx, d, f, at))
		oldest(second)
		d, _ = o.take(t, "A", "another", at) // due at once, for whoever comes
		must[bool](t)(o.Delivered(ctx, d, at))
		oldest(third)
		if _, _, err := o.Resend(ctx, "A", at); err != nil {
			t.Fatal(err)
		}
		oldest(first)
		if d, _ = o.take(t, "A", "yet another", at); d.Event.To != sm.StatePending {
			t.Errorf("first comes %+v", d)
		}
	})
}

func TestOutboxForgets(t *testing.T) {
	each(t, func(t *testing.T, o outbox) {
		ctx := t.Context()
		o.pend(t, "A")
		o.fail(t, "B")
		o.move(t, "w1", o.now)
		f := ledger.Failure{Tries: 1, Since: o.now}
		for i, ref := range []string{"A", "B", "A"} {
			d, _ := o.take(t, ref, "t", o.now)
			must[bool](t)(o.GiveUp(ctx, d, f, o.now.Add(time.Duration(i)*time.Hour)))
		}
		if n := must[int](t)(o.Forget(ctx, o.now, 10)); n != 0 {
			t.Errorf("forgot %d too early", n)
		}
		if n := must[int](t)(o.Forget(ctx, o.now.Add(90*time.Minute), 10)); n != 2 {
			t.Errorf("forgot %d, want one of each payout", n)
		}
		if n := must[int](t)(o.Forget(ctx, o.now.Add(90*time.Minute), 10)); n != 0 {
			t.Errorf("forgot %d twice", n)
		}
		all, _, err := o.Undelivered(ctx, 10)
		if err != nil || len(all) != 1 || all[0].Event.To != sm.StateFailed || all[0].Event.Ref != "A" {
			t.Errorf("left %+v, %v", all, err)
		}
		// What was given up outlives its payout, and is forgotten by itself.
		if _, err := o.ledger.Purge(ctx, o.now.Add(24*time.Hour), 10); err != nil {
			t.Fatal(err)
		}
		if n := must[int](t)(o.Forget(ctx, o.now.Add(24*time.Hour), 10)); n != 1 {
			t.Errorf("forgot %d", n)
		}
		if b := must[ledger.Backlog](t)(o.Backlog(ctx)); b != (ledger.Backlog{}) {
			t.Errorf("%+v", b)
		}
	})
}
