package tasks

import (
	"context"
	"errors"
	"strconv"
	"time"

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

	if rec.Altered() {
		return r.bookAltered(ctx, rec)
	}
	if rec.Payout.Validate && rec.Tx.Seq == 0 && !rec.Tx.Expired(r.Now()) {
		if good, err := r.validate(ctx, rec); !good {
			return err
		}
	}

	for again := true; again && err == nil; {
		again, err = r.attempt(ctx, rec)
	}
	return err
}

// attempt makes one attempt when the gate lets it. again says that sending was found held just
// before the attempt was written ahead: nothing was written or sent, and the gate is to be waited at.
func (r *Runner) attempt(ctx context.Context, rec ledger.Record) (again bool, err error) {
	out := doors[rec.Payout.Kind]
	pass, err := r.Gate.Wait(ctx, string(out.sendAPI), gate.Send)
	if err != nil {
		return false, err
	}
	verdict := gate.NoVerdict
	defer func() { pass.Done(verdict) }()
	return r.send(ctx, rec, out, &verdict)
}

// send makes one attempt at a payout that is past the gate, and says what the gate is to think of it. again is as
// for attempt.
func (r *Runner) send(ctx context.Context, rec ledger.Record, out door, verdict *gate.Verdict) (again bool, err error) {
	ctx, end := step(ctx, rec, stepSend)
	defer func() { end(err) }()
	p := rec.Payout

	// The exchange's time starts before the write-ahead: a process that is frozen anywhere
	// below sends nothing after this deadline, when another may have taken over.
	now := r.Now()
	ends := now.Add(r.Timeout)
	attempt := statemachine.Attempt{
		ExternalID: danaclient.NewExternalID(now), Owner: r.Owner, StartedAt: now, Deadline: ends.Add(margin),
		NeedNotify: strconv.FormatBool(r.NeedNotify),
	}
	admitted, unasked := true, error(nil)
	rec, d, err := ledger.Update(ctx, r.Ledger, r.policy(p.Kind), p.Ref, "", func(rec ledger.Record) (statemachine.Event, bool) {
		p = rec.Payout // as it was checked in this very reading
		switch {
		case rec.Tx.Next != statemachine.StepSend, rec.Tx.DueAt.After(now):
			return statemachine.Event{}, false // another task was first
		case rec.Altered():
			return statemachine.Alter(now), true
		case rec.Tx.Expired(now):
			return statemachine.Expire(now), true
		}
		take := statemachine.Take(attempt)
		if r.policy(p.Kind).Decide(rec.Tx, take).Tx.Open.Seq == 0 {
			return take, true // DANA is asked first
		}
		// Only what is about to be sent is counted by the limits.
		admitted, unasked = r.Gate.Admit(ctx, paymentOf(p, out))
		return take, admitted && unasked == nil
	})
	if err = errors.Join(err, unasked); err != nil {
		// Not known: whether the attempt is on record, or counted. Nothing was sent; if it is there, it
		// counts as lost at its deadline.
		return false, err
	}
	if d.Ignored {
		return !admitted, nil
	}
	if rec.Tx.Open.ExternalID != attempt.ExternalID { // expired, or DANA is asked first: nothing may leave
		note(ctx, danaclient.Exchange{}, d)
		r.decided(ctx, rec, d, zap.String("ref", p.Ref))
		return false, nil
	}
	r.Metrics.Attempt()
	r.Metrics.Transition(string(d.Entry.From), string(d.Entry.To), d.Entry.At)

	// Not asynq's context: SIGTERM, a lost lease or a cancelled task must not turn an answer
	// that is on its way into an unknown one.
	xctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), ends)
	defer cancel()
	x := out.transfer(r.DANA, xctx, attempt.ExternalID, rec.Payout, rec.Tx.NeedNotify == "true")
	*verdict = verdictOf(x)
	r.pace(ctx, x)
	r.alike(ctx, paymentOf(rec.Payout, out), x.Outcome)
	sent := rec.Tx.Open
	ev := statemachine.SendResult(sent, x.Outcome, r.Now())
	ev.Alone = x.Outcome.Kind == statemachine.Denied && r.deniedAlone(ctx, rec, "send_denied")
	_, err = r.settle(ctx, rec.Payout, x, ev, number(ctx, "attempt", sent.Seq))
	return false, err
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

func paymentOf(p payout.Payout, out door) gate.Payment {
	return gate.Payment{API: string(out.sendAPI), Ref: p.Ref, Total: p.Total(), Fee: p.Fee, Payee: payeeOf(p), Shown: p.Payee()}
}

// alike holds all sending when DANA refuses one payee after the other. It comes before the refusal is written down:
// each moment costs a payout behind this one.
func (r *Runner) alike(ctx context.Context, p gate.Payment, o statemachine.Outcome) {
	switch {
	case o.Kind == statemachine.Succeeded, o.Kind == statemachine.InProgress:
		r.Gate.Taken(p.API)
		return
	case o.Kind != statemachine.Refused, o.Why.MerchantCause(), o.Why.PayeeCause(): // nothing is learnt of others, or it holds by itself
		return
	}
	first, err := r.Gate.Refused(context.WithoutCancel(ctx), p, o.Code)
	switch {
	case err != nil: // the next refusal counts
		r.Log.Error("a refusal could not be counted", zap.String("ref", p.Ref), zap.Error(err))
	case first:
		r.Log.Error("ALL SENDING IS HELD: "+holdAdvice(gate.RefusedAlike), zap.String("cause", string(gate.RefusedAlike)), zap.String("code", o.Code), zap.String("ref", p.Ref))
	}
}

// pace makes all workers slow down when DANA says that they send too fast, and go on when it takes a send again.
func (r *Runner) pace(ctx context.Context, x danaclient.Exchange) {
	if r.Gate.Fit() != nil {
		return // a pause by a wrong clock would last for all
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	var err error
	switch x.Outcome.Kind {
	case statemachine.Throttled:
		err = r.Gate.Throttled(ctx, string(x.API))
	case statemachine.Unknown, statemachine.NotSent: // nothing is learnt: the next one goes first when the pause is over
	default:
		err = r.Gate.Unthrottled(ctx, string(x.API))
	}
	if err != nil {
		r.Log.Warn("the pace of sends could not be agreed on with the other workers", zap.Error(err))
	}
}

func verdictOf(x danaclient.Exchange) gate.Verdict {
	if x.Fault {
		return gate.Fault
	}
	return gate.Fine
}
