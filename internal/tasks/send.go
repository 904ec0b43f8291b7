package tasks

import (
	"context"
	"errors"

	"github.com/hibiken/asynq"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// Send handles topup:send and bank:send: one attempt, if one is due. It returns nil when the payout's
// present state does not want one.
func (r *Runner) Send(ctx context.Context, t *asynq.Task) error {
	ref, err := r.load(ctx, t)
	if err != nil {
		return err
	}
	rec, err := r.Ledger.Get(ctx, ref)
	if errors.Is(err, ledger.ErrNotFound) {
		// Our producers record first and enqueue then, so this is a reference that nobody
		// accepted, or a ledger that lost a record: for a person, not for the bin.
		return &PayloadError{t.Type(), errors.New("ref " + ref + ": there is no such payout in the ledger")}
	}
	if err != nil {
		return err
	}
	ctx = headersOf(ctx, t)
	if rec.Tx.Next == statemachine.StepAnswer && !r.Now().Before(rec.Tx.Open.Deadline) {
		return r.bookLost(ctx, rec.Payout)
	}
	if rec.Tx.Next != statemachine.StepSend {
		return nil
	}
	if ok, err := r.due(ctx, rec.Tx.DueAt); !ok {
		return err
	}

	if rec.Payout.Validate && rec.Tx.Seq == 0 && !rec.Tx.Expired(r.Now()) {
		if good, err := r.validate(ctx, rec); !good {
			return err
		}
	}

	out := doors[rec.Payout.Kind]
	pass, err := r.Gate.Wait(ctx, string(out.sendAPI), gate.Send)
	if err != nil {
		return err
	}
	verdict := gate.NoVerdict
	defer func() { pass.Done(verdict) }()
	return r.send(ctx, rec, out, &verdict)
}

// send makes one attempt at a payout that is past the gate, and says what the gate is to think of it.
func (r *Runner) send(ctx context.Context, rec ledger.Record, out door, verdict *gate.Verdict) (err error) {
	ctx, end := step(ctx, rec, stepSend)
	defer func() { end(err) }()
	ref := rec.Payout.Ref

	// The exchange's time starts before the write-ahead: a process that is frozen anywhere
	// below sends nothing after this deadline, when another may have taken over.
	now := r.Now()
	ends := now.Add(r.Timeout)
	attempt := statemachine.Attempt{
		ExternalID: danaclient.NewExternalID(now), Owner: r.Owner, StartedAt: now, Deadline: ends.Add(margin),
	}
	rec, d, err := ledger.Update(ctx, r.Ledger, r.policy(rec.Payout.Kind), ref, "", func(rec ledger.Record) (statemachine.Event, bool) {
		switch {
		case rec.Tx.DueAt.After(now):
			return statemachine.Event{}, false // another task was first
		case rec.Tx.Expired(now):
			return statemachine.Expire(now), true
		}
		return statemachine.Take(attempt), true
	})
	if err != nil {
		// Not known: whether the attempt is on record. Nothing was sent; if it is there, it
		// counts as lost at its deadline.
		return err
	}
	if d.Ignored {
		return nil
	}
	if d.Entry.Event != statemachine.Taken {
		note(ctx, danaclient.Exchange{}, d)
		r.decided(ctx, rec, d, zap.String("ref", ref))
		return nil
	}
	r.Metrics.Attempt()
	r.Metrics.Transition(string(d.Entry.From), string(d.Entry.To), d.Entry.At)

	// Not asynq's context: SIGTERM, a lost lease or a cancelled task must not turn an answer
	// that is on its way into an unknown one.
	xctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), ends)
	defer cancel()
	x := out.transfer(r.DANA, xctx, attempt.ExternalID, rec.Payout)
	*verdict = verdictOf(x)
	sent := rec.Tx.Open
	_, err = r.settle(ctx, rec.Payout, x, func(ledger.Record) statemachine.Event {
		return statemachine.SendResult(sent, x.Outcome, r.Now())
	}, number(ctx, "attempt", sent.Seq))
	return err
}

// bookLost books an attempt whose deadline passed without an outcome on record. What it
// did is not known; it counts as unknown and is retried under the same reference.
func (r *Runner) bookLost(ctx context.Context, p payout.Payout) error {
	lost := 0
	rec, d, err := ledger.Update(ctx, r.Ledger, r.policy(p.Kind), p.Ref, "", func(rec ledger.Record) (statemachine.Event, bool) {
		now := r.Now()
		if rec.Tx.Next != statemachine.StepAnswer || now.Before(rec.Tx.Open.Deadline) {
			return statemachine.Event{}, false
		}
		lost = rec.Tx.Open.Seq
		return statemachine.Lost(rec.Tx.Open, now), true
	})
	if err != nil || d.Ignored {
		return err
	}
	r.booked(ctx, rec, d, lost)
	return nil
}

func verdictOf(x danaclient.Exchange) gate.Verdict {
	if x.Fault {
		return gate.Fault
	}
	return gate.Fine
}
