package statemachine

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/salur-id/salur/internal/money"
)

// Whatever happens to a payout, in whatever order, the promises hold at each step.
func TestPromisesHoldForAnyHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		b := bundle{
			policy: Policy{
				RetryDelays:           make([]time.Duration, rapid.IntRange(0, 5).Draw(r, "retries")),
				InquiryDelays:         []time.Duration{time.Second},
				InquiryCutoff:         time.Duration(rapid.IntRange(1, 50).Draw(r, "cutoff")) * time.Second,
				ResendWindow:          time.Duration(rapid.IntRange(0, 80).Draw(r, "window")) * time.Second,
				NotFoundConfirmations: rapid.IntRange(1, 3).Draw(r, "confirmations"),
				ResendLimit:           rapid.IntRange(0, 2).Draw(r, "resends"),
				AfterLoss:             rapid.Bool().Draw(r, "after loss"),
				NotFoundAction:        rapid.SampledFrom([]NotFoundAction{Resend, BookFailed, AskPerson}).Draw(r, "action"),
			},
			now:    time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
			amount: money.Rupiah(10000),
		}
		tx := b.queued()
		var made []Attempt
		mayHavePaid := map[int]time.Time{} // when it began, by attempt: what an outsider would have to assume
		other := false                     // DANA said so of the number
		if b.policy.AfterLoss {
			mayHavePaid[0] = b.now // one that nobody remembers
		}

		for range rapid.IntRange(1, 60).Draw(r, "events") {
			ev := b.draw(r, tx, made)
			d := b.policy.Decide(tx, ev)
			next := d.Tx

			if next.Ref != tx.Ref || next.Amount != tx.Amount {
				r.Fatalf("reference or amount changed")
			}
			if tx.State.Final() && next.State != tx.State && (tx.State != StateSucceeded || next.State != StateRefunded) {
				r.Fatalf("%s became %s on %s", tx.State, next.State, ev.Trigger)
			}
			if next.Open.Seq > tx.Seq {
				for n, began := range mayHavePaid {
					if b.now.Sub(began) >= b.policy.ResendWindow {
						r.Fatalf("sent again %s after attempt %d, which may have paid", b.now.Sub(began), n)
					}
				}
				if other {
					r.Fatalf("sent again, though the number has other content")
				}
				made = append(made, next.Open)
				mayHavePaid[next.Open.Seq] = b.now
			}
			if isSend(ev.Trigger) && tx.Open.Seq == ev.Attempt.Seq {
				switch ev.Outcome.Kind {
				case Refused, NotSent, Denied:
					delete(mayHavePaid, ev.Attempt.Seq)
				}
			}
			if ev.Trigger == sent(Inconsistent) {
				other = true
				mayHavePaid[-ev.Attempt.Seq] = ev.Attempt.StartedAt // a resend of it was taken before, by whomever
			}
			if ended := !tx.State.Final() && next.State.Final() && ev.Trigger != Resolved; ended && other {
				r.Fatalf("%s on %s, though the number has other content", next.State, ev.Trigger)
			}
			if tx.State != StateFailed && next.State == StateFailed {
				proven := ev.Trigger == inquired(Failed) && ev.Outcome.EchoRef == tx.Ref ||
					ev.Trigger == Resolved ||
					ev.Trigger == inquired(NotFound) && b.policy.NotFoundAction == BookFailed
				if !proven && len(mayHavePaid) > 0 {
					r.Fatalf("failed on %s while attempts %v may have paid", ev.Trigger, mayHavePaid)
				}
			}
			if tx.State != StateSucceeded && next.State == StateSucceeded && ev.Trigger != Resolved {
				if ev.Outcome.Kind != Succeeded || ev.Outcome.EchoRef != tx.Ref || ev.Outcome.EchoAmount != tx.Amount {
					r.Fatalf("succeeded on %s with %+v", ev.Trigger, ev.Outcome)
				}
			}
			open := !next.State.Final() && next.State != StateReview
			if open && (next.Next == StepNone || next.DueAt.IsZero()) {
				r.Fatalf("%s has nothing scheduled: it would be lost", next.State)
			}
			if (next.Next == StepAnswer) != (next.Open.Seq != 0) {
				r.Fatalf("step %q with open attempt %d", next.Next, next.Open.Seq)
			}
			if most := (len(b.policy.RetryDelays) + 1) * (b.policy.ResendLimit + 1); next.Attempts > most || next.Attempts < 0 {
				r.Fatalf("%d attempts, at most %d may count", next.Attempts, most)
			}
			if again := b.policy.Decide(tx, ev); again != d {
				r.Fatalf("two answers to one question")
			}
			if next.StepNo < tx.StepNo || (next.Next != tx.Next || next.DueAt != tx.DueAt) && next.StepNo == tx.StepNo {
				r.Fatalf("step %q at %s kept number %d", next.Next, next.DueAt, next.StepNo)
			}
			tx = next
			b.now = b.now.Add(time.Duration(rapid.IntRange(0, 5).Draw(r, "passes")) * time.Second)
		}
	})
}

func (b bundle) draw(r *rapid.T, tx Transaction, made []Attempt) Event {
	o := Outcome{Kind: Kind(rapid.IntRange(0, int(kinds)-1).Draw(r, "kind"))}
	if rapid.IntRange(0, 3).Draw(r, "echo") > 0 {
		o.EchoRef, o.EchoAmount = tx.Ref, tx.Amount
	} else {
		o.EchoRef = "OTHER"
	}
	switch what := rapid.IntRange(0, 9).Draw(r, "what"); {
	case what < 3:
		return Take(b.attempt())
	case what < 6 && len(made) > 0:
		a := made[len(made)-1]
		if rapid.IntRange(0, 3).Draw(r, "late") == 0 {
			a = rapid.SampledFrom(made).Draw(r, "attempt")
		}
		return SendResult(a, o, b.now)
	case what == 6:
		o.Why = rapid.SampledFrom([]Why{"", DoNotHonor, AmountLimit, InsufficientFunds, "timeout"}).Draw(r, "why")
		return AccountResult("", o, b.now)
	case what == 7:
		return InquiryResult(tx.Inquiries+rapid.IntRange(0, 1).Draw(r, "n"), "", o, b.now)
	default:
		return rapid.SampledFrom([]Event{
			Alter(b.now), Expire(b.now), Age(b.now), AskNow("Sari", "", b.now),
			Cancel("Sari", "the wrong file", b.now),
			Resolve(rapid.SampledFrom(States).Draw(r, "as"), "Sari", "seen", b.now),
		}).Draw(r, "other")
	}
}
