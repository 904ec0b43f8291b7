package statemachine

import (
	"flag"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/money"
)

var update = flag.Bool("update", false, "draw docs/states.md from the table")

// bundle is a payout of IDR 10,000 at a fixed time, under a policy with distinct waits.
type bundle struct {
	policy Policy
	now    time.Time
	amount money.Amount
}

func setup(t *testing.T) bundle {
	t.Helper()
	return bundle{
		policy: Policy{
			RetryDelays:           []time.Duration{5 * time.Second, 10 * time.Second},
			InquiryDelays:         []time.Duration{7 * time.Second, 13 * time.Second},
			InquiryCutoff:         time.Hour,
			ResendWindow:          2 * time.Hour,
			NotFoundConfirmations: 3,
			ResendLimit:           2,
			NotFoundAction:        Resend,
		},
		now:    time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		amount: money.Rupiah(10000),
	}
}

func (b bundle) queued() Transaction { return New("PAY-1", b.amount, time.Time{}, b.now) }

func (b bundle) attempt() Attempt {
	return Attempt{ExternalID: "ext", Owner: "w1", StartedAt: b.now, Deadline: b.now.Add(11 * time.Second)}
}

// out is a payout with its first attempt out.
func (b bundle) out() Transaction { return b.policy.Decide(b.queued(), Take(b.attempt())).Tx }

func (b bundle) ours(k Kind) Outcome {
	return Outcome{Kind: k, EchoRef: "PAY-1", EchoAmount: b.amount}
}

// pending is a payout whose first attempt DANA has acknowledged or not.
func (b bundle) pending(k Kind) Transaction {
	tx := b.out()
	return b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: k}, b.now)).Tx
}

func (b bundle) in(s State) Transaction {
	switch s {
	case StateQueued:
		return b.queued()
	case StateProcessing:
		return b.out()
	case StatePending:
		return b.pending(AskStatus)
	case StateReview:
		tx := b.out()
		return b.policy.Decide(tx, SendResult(tx.Open, Outcome{Kind: Succeeded, EchoRef: "OTHER"}, b.now)).Tx
	case StateSucceeded:
		tx := b.out()
		return b.policy.Decide(tx, SendResult(tx.Open, b.ours(Succeeded), b.now)).Tx
	case StateFailed:
		return b.policy.Decide(b.out(), SendResult(b.out().Open, Outcome{Kind: Refused, Why: "do_not_honor"}, b.now)).Tx
	default:
		tx := b.pending(AskStatus)
		return b.policy.Decide(tx, InquiryResult(1, "", b.ours(Refunded), b.now)).Tx
	}
}
