package statemachine

import (
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// event makes the plainest event of a trigger: the outcome answers the attempt that is
// out, or the next inquiry, and echoes what is ours.
func (b bundle) event(t *testing.T, trigger Trigger, tx Transaction) Event {
	t.Helper()
	for k := range kinds {
		switch trigger {
		case sent(k):
			open := tx.Open
			if open.Seq == 0 {
				open.Seq = 1 // late
			}
			return SendResult(open, b.ours(k), b.now)
		case inquired(k):
			return InquiryResult(tx.Inquiries+1, "ext", b.ours(k), b.now)
		case validated(k):
			return AccountResult("ext", b.ours(k), b.now)
		}
	}
	switch trigger {
	case Taken:
		return Take(b.attempt())
	case Expired:
		return Expire(b.now)
	case Aged:
		return Age(b.now)
	case InquireNow:
		return AskNow("Sari", "", b.now)
	case Cancelled:
		return Cancel("Sari", "the wrong file", b.now)
	case Altered:
		return Alter(b.now)
	case Resolved:
		return Resolve(StateSucceeded, "Sari", "seen on the statement", b.now)
	}
	t.Fatalf("no event for trigger %s", trigger)
	return Event{}
}

// Every (state, event) pair in its plainest form. A pair that is not listed is forbidden:
// the state must stay and the event must be reported as ignored.
func TestDecideEveryPair(t *testing.T) {
	t.Parallel()
	b := setup(t)

	allowed := map[State]map[Trigger]State{
		StateQueued: {
			Taken: StateProcessing, Expired: StateFailed, Cancelled: StateFailed, Altered: StateReview,
			"account_succeeded": StateQueued, "account_refused": StateQueued, "account_unknown": StateQueued,
			"account_inconsistent": StateReview,
			"send_inconsistent":    StatePending,
			"account_throttled":    StateQueued, "account_not_sent": StateQueued, "account_denied": StateQueued,
		},
		StateProcessing: {
			"send_succeeded": StateSucceeded, "send_in_progress": StatePending, "send_refused": StateFailed,
			"send_ask_status": StatePending, "send_inconsistent": StatePending, "send_unknown": StateProcessing,
			"send_throttled": StateProcessing, "send_not_sent": StateProcessing, "send_denied": StateProcessing,
			Expired: StatePending, "inquiry_succeeded": StateSucceeded,
		},
		StatePending: {
			"send_succeeded": StateSucceeded, "send_inconsistent": StatePending,
			"inquiry_succeeded": StateSucceeded, "inquiry_in_progress": StatePending, "inquiry_refunded": StateRefunded,
			"inquiry_failed": StateFailed, "inquiry_not_found": StatePending, "inquiry_unknown": StatePending,
			"inquiry_throttled": StatePending, "inquiry_not_sent": StatePending, "inquiry_denied": StatePending,
			InquireNow: StatePending, Altered: StateReview,
		},
		StateReview:    {Resolved: StateSucceeded, InquireNow: StateReview, Altered: StateReview, "send_inconsistent": StateReview},
		StateSucceeded: {"send_inconsistent": StateSucceeded, "inquiry_refunded": StateRefunded, InquireNow: StateSucceeded, Altered: StateSucceeded},
		StateFailed:    {InquireNow: StateFailed, Altered: StateFailed},
		StateRefunded:  {InquireNow: StateRefunded, Altered: StateRefunded},
	}

	for _, s := range States {
		for _, trigger := range Triggers {
			t.Run(string(s)+"/"+string(trigger), func(t *testing.T) {
				t.Parallel()
				tx := b.in(s)
				if tx.State != s {
					t.Fatalf("setup made %s, want %s", tx.State, s)
				}
				d := b.policy.Decide(tx, b.event(t, trigger, tx))
				want, ok := allowed[s][trigger]
				if !ok {
					want = s
				}
				if d.Tx.State != want || d.Ignored == ok {
					t.Fatalf("got %s (ignored %t), want %s (ignored %t)", d.Tx.State, d.Ignored, want, !ok)
				}
				if d.Entry.From != s || d.Entry.To != want || d.Entry.Event != trigger || d.Entry.At != b.now {
					t.Errorf("history entry %+v does not tell %s -> %s", d.Entry, s, want)
				}
				if d.Tx.State.Final() && d.Tx.Open.Seq != 0 {
					t.Errorf("an attempt stays out in %s", d.Tx.State)
				}
				if d.Tx.Ref != tx.Ref || d.Tx.Amount != tx.Amount {
					t.Errorf("reference or amount changed: %+v", d.Tx)
				}
			})
		}
	}
}

func TestTableNamesKnownTriggersOnly(t *testing.T) {
	t.Parallel()
	known := map[Trigger]bool{}
	for _, trigger := range Triggers {
		known[trigger] = true
	}
	for s, rules := range table {
		for _, r := range rules {
			if !known[r.on] {
				t.Errorf("%s has a rule for %s, which cannot happen", s, r.on)
			}
			if r.do.do == nil {
				t.Errorf("%s on %s does nothing", s, r.on)
			}
		}
	}
}

func TestWriteAhead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tx := b.out()
	if tx.Open.Seq != 1 || tx.Open.ExternalID != "ext" || tx.Attempts != 1 || tx.Next != StepAnswer || tx.DueAt != b.now.Add(11*time.Second) {
		t.Fatalf("first attempt not on record: %+v", tx)
	}
	if d := b.policy.Decide(tx, Take(b.attempt())); !d.Ignored || d.Tx.Seq != 1 {
		t.Fatalf("a second attempt was let out beside the first: %+v", d.Tx)
	}
}

func TestRetrySchedule(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{Unknown, NotSent} {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.policy = DefaultPolicy()
			tx := b.queued()
			for i, wait := range []time.Duration{5, 10, 20, 40, 60} {
				tx = b.policy.Decide(tx, Take(b.attempt())).Tx
				d := b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: k}, b.now))
				tx = d.Tx
				if tx.State != StateProcessing || tx.Next != StepSend || tx.DueAt != b.now.Add(wait*time.Second) {
					t.Fatalf("after attempt %d: %s, %s at +%s", i+1, tx.State, tx.Next, tx.DueAt.Sub(b.now))
				}
				if want := []string{"retry 1 of 5", "retry 2 of 5", "retry 3 of 5", "retry 4 of 5", "retry 5 of 5"}[i]; d.Entry.Detail != want {
					t.Errorf("detail %q, want %q", d.Entry.Detail, want)
				}
			}
			tx = b.policy.Decide(tx, Take(b.attempt())).Tx
			tx = b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: k}, b.now)).Tx
			if tx.State != StatePending || tx.Next != StepInquire || tx.DueAt != b.now.Add(5*time.Second) || tx.Attempts != 6 {
				t.Fatalf("after the fifth retry: %s, %s at +%s, %d attempts", tx.State, tx.Next, tx.DueAt.Sub(b.now), tx.Attempts)
			}
			if want := k != NotSent; tx.Unknown != want {
				t.Errorf("unknown = %t after %s", tx.Unknown, k)
			}
		})
	}
}

// Promise 3: attempt 1 paid but its answer was lost; attempt 2 is refused because of it.
func TestRefusalAfterUnknownIsNoProof(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		first Outcome
		want  State
	}{
		{"AfterUnknown", Outcome{Kind: Unknown}, StatePending},
		{"AfterThrottled", Outcome{Kind: Throttled}, StatePending},
		{"AfterLost", Outcome{Kind: Unknown, Why: AttemptLost}, StatePending},
		{"AfterNotSent", Outcome{Kind: NotSent}, StateFailed},
		{"AfterDenied", Outcome{Kind: Denied}, StateFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tx := b.out()
			tx = b.policy.Decide(tx, SendResult(tx.Open, tt.first, b.now)).Tx
			tx = b.policy.Decide(tx, Take(b.attempt())).Tx
			tx = b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: Refused, Why: "limit_exceeded"}, b.now)).Tx
			if tx.State != tt.want {
				t.Fatalf("state %s, want %s", tx.State, tt.want)
			}
			if tt.want == StatePending && (tx.Next != StepInquire || tx.DueAt != b.now) {
				t.Errorf("want an inquiry at once, got %s at +%s", tx.Next, tx.DueAt.Sub(b.now))
			}
		})
	}
}

func TestEchoMustBeOurs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, o := range map[string]Outcome{
		"Reference": {Kind: Succeeded, EchoRef: "PAY-2", EchoAmount: b.amount},
		"Amount":    {Kind: Succeeded, EchoRef: "PAY-1", EchoAmount: money.FromCents(999999)},
		"Missing":   {Kind: Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx := b.out()
			if got := b.policy.Decide(tx, SendResult(tx.Open, o, b.now)).Tx; got.State != StateReview || got.Reason != "echo_mismatch" {
				t.Errorf("send: %s (%s), want review", got.State, got.Reason)
			}
			tx = b.pending(AskStatus)
			if got := b.policy.Decide(tx, InquiryResult(1, "", o, b.now)).Tx; got.State != StateReview {
				t.Errorf("inquiry: %s, want review", got.State)
			}
		})
	}
	for _, k := range []Kind{Failed, Refunded} {
		tx := b.pending(AskStatus)
		o := Outcome{Kind: k, EchoRef: "PAY-1", EchoAmount: money.Rupiah(1)}
		if got := b.policy.Decide(tx, InquiryResult(1, "", o, b.now)).Tx.State; got != StateReview {
			t.Errorf("%s of another amount: %s, want review", k, got)
		}
		o.EchoAmount = money.Amount{}
		if got := b.policy.Decide(tx, InquiryResult(1, "", o, b.now)).Tx.State; got == StateReview {
			t.Errorf("%s that names our reference and no amount went to review", k)
		}
	}
}

func TestLateAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.out().Open
	lost := b.policy.Decide(b.out(), Lost(first, b.now)).Tx
	second := b.policy.Decide(lost, Take(b.attempt())).Tx

	for _, tx := range []Transaction{lost, second, b.pending(AskStatus)} {
		if got := b.policy.Decide(tx, SendResult(first, b.ours(Succeeded), b.now)).Tx.State; got != StateSucceeded {
			t.Errorf("a late success in %s made %s", tx.State, got)
		}
	}
	for _, k := range []Kind{Refused, Unknown, InProgress, AskStatus, Denied, NotSent} {
		d := b.policy.Decide(second, SendResult(first, Outcome{Kind: k}, b.now))
		if !d.Ignored || d.Tx != second {
			t.Errorf("a late %s changed the payout: %+v", k, d.Tx)
		}
		if !strings.Contains(d.Entry.Detail, "late answer to attempt 1") {
			t.Errorf("detail %q does not say that it is late", d.Entry.Detail)
		}
	}
}

func TestDeniedCostsNoAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tx := b.out()
	ev := SendResult(tx.Open, Outcome{Kind: Denied, Why: CredentialsRefused}, b.now)
	d := b.policy.Decide(tx, ev)
	if d.Tx.Attempts != 0 || d.Tx.Round != 0 || d.Tx.Unknown || d.Tx.Next != StepSend || d.Tx.DueAt != b.now {
		t.Errorf("a denied attempt left its mark: %+v", d.Tx)
	}
	if why := ev.Holds(); why != CredentialsRefused {
		t.Errorf("hold %q, want %q", why, CredentialsRefused)
	}
	if next := b.policy.Decide(d.Tx, Take(b.attempt())).Tx; next.Open.Seq != 2 {
		t.Errorf("attempt identity %d reused after a denied one", next.Open.Seq)
	}
}

func TestMerchantRefusalsHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, why := range []Why{InsufficientFunds, MerchantLimit, MerchantBlacklisted, InvalidMerchant} {
		tx := b.out()
		ev := SendResult(tx.Open, Outcome{Kind: Refused, Why: why}, b.now)
		d := b.policy.Decide(tx, ev)
		if ev.Holds() != why || d.Tx.State != StateFailed || d.Tx.Reason != string(why) {
			t.Errorf("%s: hold %q, %s (%s)", why, ev.Holds(), d.Tx.State, d.Tx.Reason)
		}
	}
	tx := b.out()
	if why := SendResult(tx.Open, Outcome{Kind: Refused, Why: "do_not_honor"}, b.now).Holds(); why != "" {
		t.Errorf("a payout's own refusal holds all sending: %q", why)
	}
}

func TestInconsistent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for k, want := range map[Kind]State{
		Succeeded: StateReview, Failed: StateReview, Refunded: StateReview, InProgress: StatePending, NotFound: StatePending,
	} {
		tx := b.pending(Inconsistent)
		if got := b.policy.Decide(tx, InquiryResult(1, "", b.ours(k), b.now)).Tx.State; got != want {
			t.Errorf("after 4043818 an inquiry of %s made %s, want %s", k, got, want)
		}
	}
	tx := b.pending(Inconsistent)
	for n := range 3 {
		tx = b.policy.Decide(tx, InquiryResult(n+1, "", Outcome{Kind: NotFound}, b.now)).Tx
	}
	if tx.State != StateReview {
		t.Errorf("not found three times after 4043818 made %s, want review", tx.State)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	notFound := Outcome{Kind: NotFound}
	ask := func(p Policy, tx Transaction, o Outcome) Transaction {
		return p.Decide(tx, InquiryResult(tx.Inquiries+1, "", o, b.now)).Tx
	}

	t.Run("ResendsTwiceThenReview", func(t *testing.T) {
		t.Parallel()
		tx := b.pending(AskStatus)
		for round := 1; round <= 2; round++ {
			tx = ask(b.policy, ask(b.policy, tx, notFound), notFound)
			if tx.State != StatePending {
				t.Fatalf("two not found were believed: %s", tx.State)
			}
			tx = ask(b.policy, tx, notFound)
			if tx.State != StateProcessing || tx.Next != StepSend || tx.Resends != round || tx.Round != 0 {
				t.Fatalf("round %d: %+v", round, tx)
			}
			tx = b.policy.Decide(tx, Take(b.attempt())).Tx
			tx = b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: AskStatus}, b.now)).Tx
		}
		tx = ask(b.policy, ask(b.policy, ask(b.policy, tx, notFound), notFound), notFound)
		if tx.State != StateReview || tx.Reason != "resends_used_up" {
			t.Fatalf("%s (%s), want review", tx.State, tx.Reason)
		}
	})
	t.Run("NotInARow", func(t *testing.T) {
		t.Parallel()
		p := b.policy
		tx := b.pending(AskStatus)
		tx = ask(p, ask(p, tx, notFound), notFound)
		tx = ask(p, tx, Outcome{Kind: InProgress, Status: "02"})
		tx = ask(p, tx, notFound)
		if tx.State != StatePending || tx.NotFound != 1 {
			t.Fatalf("%s after %d in a row", tx.State, tx.NotFound)
		}
		if tx = ask(p, ask(p, tx, notFound), notFound); tx.State != StateReview {
			t.Fatalf("DANA knew it, lost it, and it was %s: want review", tx.State)
		}
	})
	t.Run("SameInquiryTwiceCountsOnce", func(t *testing.T) {
		t.Parallel()
		tx := b.pending(AskStatus)
		for range 5 {
			tx = b.policy.Decide(tx, InquiryResult(1, "", notFound, b.now)).Tx
		}
		if tx.State != StatePending || tx.NotFound != 1 || tx.Inquiries != 1 {
			t.Fatalf("%s with %d not found, %d inquiries", tx.State, tx.NotFound, tx.Inquiries)
		}
	})
	t.Run("Policies", func(t *testing.T) {
		t.Parallel()
		for action, want := range map[NotFoundAction]State{Resend: StateProcessing, BookFailed: StateFailed, AskPerson: StateReview} {
			p := b.policy
			p.NotFoundAction = action
			tx := ask(p, ask(p, ask(p, b.pending(AskStatus), notFound), notFound), notFound)
			if tx.State != want {
				t.Errorf("%s: %s, want %s", action, tx.State, want)
			}
		}
	})
	t.Run("NotAfterPassed", func(t *testing.T) {
		t.Parallel()
		tx := b.pending(AskStatus)
		tx.NotAfter = b.now.Add(-time.Second)
		tx = ask(b.policy, ask(b.policy, ask(b.policy, tx, notFound), notFound), notFound)
		if tx.State != StateReview || tx.Reason != "expired_not_found" {
			t.Errorf("%s (%s), want review", tx.State, tx.Reason)
		}
	})
}

func TestPersonDecides(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, as := range []State{StateSucceeded, StateFailed, StateRefunded} {
		d := b.policy.Decide(b.in(StateReview), Resolve(as, "Sari", "bank statement", b.now))
		if d.Tx.State != as || d.Entry.Detail != "by Sari: bank statement" {
			t.Errorf("%s: %s, %q", as, d.Tx.State, d.Entry.Detail)
		}
		for _, s := range []State{StateQueued, StateProcessing, StatePending, StateFailed, StateRefunded} {
			if d := b.policy.Decide(b.in(s), Resolve(as, "Sari", "x", b.now)); !d.Ignored {
				t.Errorf("%s was resolved as %s", s, as)
			}
		}
	}
	if d := b.policy.Decide(b.in(StateReview), Resolve(StateQueued, "Sari", "x", b.now)); !d.Ignored {
		t.Error("resolved as queued")
	}
	if d := b.policy.Decide(b.in(StateSucceeded), Resolve(StateRefunded, "Sari", "x", b.now)); d.Tx.State != StateRefunded {
		t.Error("a reversal seen by a person was refused")
	}
	if d := b.policy.Decide(b.in(StateSucceeded), Resolve(StateFailed, "Sari", "x", b.now)); !d.Ignored {
		t.Error("a success was resolved as failed")
	}
}

// An inquiry that a person asked for where nothing is followed up informs, once.
func TestInquireNowInforms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, s := range []State{StateReview, StateSucceeded, StateFailed, StateRefunded} {
		tx := b.policy.Decide(b.in(s), AskNow("Sari", "", b.now)).Tx
		if tx.Next != StepInquire || tx.DueAt != b.now {
			t.Fatalf("%s: no inquiry scheduled", s)
		}
		for _, o := range []Outcome{b.ours(Succeeded), b.ours(Failed), {Kind: NotFound}, {Kind: Unknown}, {Kind: Refunded, EchoRef: "OTHER"}} {
			d := b.policy.Decide(tx, InquiryResult(tx.Inquiries+1, "", o, b.now))
			if d.Tx.State != s || d.Tx.Next != StepNone {
				t.Errorf("%s on %s: %s, next %q", s, o.Kind, d.Tx.State, d.Tx.Next)
			}
		}
	}
}
