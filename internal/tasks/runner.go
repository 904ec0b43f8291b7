// Package tasks carries payouts out on asynq. A task is a wake-up and no more: which
// attempt is due, and whether any is, stands in the ledger. So a task may be lost, come
// twice, late, early or on two workers at once, and nobody is paid twice or forgotten.
package tasks

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hibiken/asynq"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

const (
	// early is how much before its time a wake-up may come and wait here for it: asynq
	// keeps whole seconds, cut off. One that comes earlier is another step's, or a person's.
	early = 1500 * time.Millisecond
	// margin is what an attempt's deadline leaves after the exchange for writing the
	// outcome down.
	margin = 3 * time.Second
	// recordFor is how long an outcome is tried to be written down while Redis is away.
	recordFor = 10 * time.Second
)

// Runner executes one step per task: load, ask the gate, do one exchange, decide, apply,
// schedule.
type Runner struct {
	Ledger ledger.Ledger
	Queue  *wakeup.Queue
	Gate   *gate.Gate
	DANA   *danaclient.Client
	Policy statemachine.Policy // of top-ups
	// BankRetryDelays takes the place of Policy.RetryDelays for payouts to banks.
	BankRetryDelays []time.Duration
	// IgnoreNames leaves the names of account holders uncompared.
	IgnoreNames bool
	// NeedNotify asks DANA to notify the end of a transfer to a bank, when a payout's first attempt is made.
	NeedNotify bool
	// Bounds are of payouts that tasks carry whole; the other ways in have looked before.
	Bounds  payout.Bounds
	Timeout time.Duration // one exchange with DANA
	Owner   string        // this process, in the attempts that it writes ahead
	Now     func() time.Time
	Log     *zap.Logger
	Metrics *metrics.Metrics

	balanceAway atomic.Bool // said already that the balance is not known
}

// due waits for a step's time if it is near, and reports whether it has come.
func (r *Runner) due(ctx context.Context, at time.Time) (bool, error) {
	wait := at.Sub(r.Now())
	if wait <= 0 {
		return true, nil
	}
	if wait > early {
		return false, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// settle holds all sending if the end of an exchange asks for it, writes the end down, and
// schedules what comes next. It holds first: each moment before costs a payout behind this one.
//
// What is not known here: whether a write that returned an error happened. It is made
// again, and the ledger recognises it. If Redis stays away the answer is lost from the
// record; the attempt is on record, counts as lost at its deadline, and DANA's
// deduplication makes the retry harmless (promise 1). So does a worker whose clock was set wrong meanwhile: each time that
// it wrote (of a hold, of the next step) would be wrong for all others.
func (r *Runner) settle(
	ctx context.Context, p payout.Payout, x danaclient.Exchange, ev statemachine.Event, fields ...zap.Field,
) (statemachine.Decision, error) {
	fields = append(r.exchangeFields(p.Ref, x), fields...)
	r.Metrics.Exchange(string(x.API), x.Outcome.Kind.String(), x.Duration)
	ctx = context.WithoutCancel(ctx) // an answer in hand is written down, also by a worker told to stop
	if err := r.Gate.Fit(); err != nil {
		r.Metrics.Unrecorded()
		r.Log.Error("an answer of DANA is not recorded", append(fields, traceField(ctx), zap.Error(err))...)
		return statemachine.Decision{}, err
	}
	if cause := ev.Holds(); cause != "" {
		r.hold(ctx, p, cause, ev.Outcome.Code)
	}

	type written struct {
		rec ledger.Record
		d   statemachine.Decision
	}
	w, err := backoff.Retry(ctx, func() (written, error) {
		rec, d, err := ledger.Update(ctx, r.Ledger, r.policy(p.Kind), p.Ref, string(x.Raw), func(ledger.Record) (statemachine.Event, bool) {
			return ev, true
		})
		if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrForbidden) {
			err = backoff.Permanent(err)
		}
		return written{rec, d}, err
	}, backoff.WithMaxElapsedTime(recordFor))
	if err != nil {
		r.Metrics.Unrecorded()
		r.Log.Error("an answer of DANA could not be recorded", append(fields, traceField(ctx), zap.Error(err))...)
		return statemachine.Decision{}, err
	}
	note(ctx, x, w.d)
	r.decided(ctx, w.rec, w.d, fields...)
	return w.d, nil
}

// booked is decided for what is written down without an exchange: an attempt that is lost, the end of a time.
func (r *Runner) booked(ctx context.Context, rec ledger.Record, d statemachine.Decision, attempt int) {
	ctx, end := step(ctx, rec, stepBook)
	defer end(nil)
	fields := []zap.Field{zap.String("ref", rec.Payout.Ref)}
	if attempt > 0 {
		fields = append(fields, number(ctx, "attempt", attempt))
	}
	note(ctx, danaclient.Exchange{}, d)
	r.decided(ctx, rec, d, fields...)
}

// decided follows a decision that is on record: one line in the log, the next wake-up.
func (r *Runner) decided(ctx context.Context, rec ledger.Record, d statemachine.Decision, fields ...zap.Field) {
	fields = append(fields,
		zap.String("from", string(d.Entry.From)), zap.String("to", string(d.Entry.To)), zap.String("event", string(d.Entry.Event)),
		traceField(ctx))
	if a := d.Entry.Answered; a != (statemachine.Answered{}) {
		fields = append(fields, zap.Stringer("answered", a))
	}
	switch d.Contradicts() {
	case statemachine.StateFailed:
		r.Metrics.PaidAfterFailed()
		r.Log.Error("DANA says paid, or is paying, of a payout that is booked as failed: a person must look", fields...)
	case statemachine.StateSucceeded:
		r.Metrics.OtherContentAfterPaid()
		r.Log.Error("DANA says that the number of a payout that is booked as succeeded has other content: a person must look", fields...)
	}
	if d.Entry.Event == statemachine.Altered {
		r.alarm(fields...)
	}
	r.Log.Info("payout", fields...)
	r.Metrics.Transition(string(d.Entry.From), string(d.Entry.To), d.Entry.At)
	if err := r.Queue.Wake(ctx, rec); err != nil {
		// The step is in the ledger's index: the sweeper makes the wake-up that this was.
		r.Log.Warn("a wake-up could not be enqueued; the sweeper will", zap.String("ref", rec.Payout.Ref), zap.Error(err))
	}
}

func (r *Runner) hold(ctx context.Context, p payout.Payout, cause statemachine.Why, code string) {
	h := gate.Hold{Cause: cause, Reason: "DANA answered " + code, Ref: p.Ref}
	if cause == statemachine.InsufficientFunds {
		h.Needs = p.Total()
	}
	first, err := r.Gate.Hold(ctx, h)
	switch {
	case err != nil:
		// The next payout meets the same answer and holds then.
		r.Log.Error("sending could not be held", zap.String("cause", string(cause)), zap.Error(err))
	case first:
		r.Log.Error("ALL SENDING IS HELD: "+holdAdvice(cause), zap.String("cause", string(cause)),
			zap.String("code", code), zap.String("ref", p.Ref))
	}
}

func holdAdvice(cause statemachine.Why) string {
	switch cause {
	case statemachine.CredentialsRefused:
		return "DANA refuses our credentials. Check X_PARTNER_ID, the private key and the public key in DANA's portal. No payout has lost an attempt."
	case gate.RefusedAlike:
		return "DANA refuses one payee after the other and takes nobody, so it is not the payees. Ask DANA what the code means, mend it, and ledger resume. Who was refused can be paid again under a new reference."
	case statemachine.InsufficientFunds:
		return "the merchant's deposit at DANA does not cover the payouts. Fund it; the waiting payouts go on by themselves, unless SALUR_RESUME_WHEN_FUNDED is false."
	case statemachine.MerchantLimit:
		return "the merchant's daily limit at DANA is used up. The waiting payouts go on when DANA allows it."
	}
	return "DANA refuses the merchant. Ask DANA; the waiting payouts go on when it is mended."
}

// Probe makes one harmless exchange to see whether the cause of a system hold is gone:
// an inquiry of a reference that nobody has for refused credentials, an account inquiry for
// refusals of the merchant. No answer, or one that proves nothing, lifts nothing.
func (r *Runner) Probe(ctx context.Context, h gate.Hold) bool {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	id := danaclient.NewExternalID(r.Now())
	rec, err := r.Ledger.Get(ctx, h.Ref)
	if err != nil {
		r.Log.Error("a hold could not be probed", zap.String("cause", string(h.Cause)), zap.String("ref", h.Ref), zap.Error(err))
		return false
	}
	if rec.Altered() {
		r.Log.Error("a hold is not probed: the instruction of its payout was altered", zap.String("cause", string(h.Cause)), zap.String("ref", h.Ref))
		return false
	}
	d := doors[rec.Payout.Kind]
	var x danaclient.Exchange
	if h.Cause == statemachine.CredentialsRefused {
		x = r.harmless(ctx, rec.Payout.Kind)
	} else {
		x, _ = d.account(r.DANA, ctx, id, rec.Payout)
	}
	r.Metrics.Exchange(string(x.API), x.Outcome.Kind.String(), x.Duration)
	o := x.Outcome
	lift := takesUs(o)
	r.Log.Info("probed the hold", zap.String("cause", string(h.Cause)), zap.Bool("lift", lift),
		zap.String("outcome", o.Kind.String()), zap.String("code", o.Code))
	return lift
}

func (r *Runner) exchangeFields(ref string, x danaclient.Exchange) []zap.Field {
	fields := []zap.Field{
		zap.String("ref", ref), zap.String("api", string(x.API)), zap.String("externalId", x.ExternalID),
		zap.String("outcome", x.Outcome.Kind.String()), zap.String("code", x.Outcome.Code), zap.Duration("took", x.Duration),
	}
	if x.Outcome.Why != "" {
		fields = append(fields, zap.String("why", string(x.Outcome.Why)))
	}
	if x.Err != nil {
		fields = append(fields, zap.NamedError("cause", x.Err))
	}
	return fields
}

// load finds the payout that a task is about. A task that carries the whole payout makes
// the record if it is not there.
func (r *Runner) load(ctx context.Context, t *asynq.Task) (string, error) {
	ref, p, whole, err := wakeup.Decode(t.Type(), t.Payload())
	if err != nil {
		return "", &PayloadError{t.Type(), err}
	}
	if !whole {
		return ref, nil
	}
	if err := r.acceptable(ctx, t.Type(), p); err != nil {
		return "", err
	}
	_, _, err = r.Ledger.Create(headersOf(ctx, t), p, r.Now())
	if errors.Is(err, ledger.ErrConflict) {
		return "", &PayloadError{t.Type(), errors.Join(errors.New("ref "+ref), err)}
	}
	return ref, err
}

// acceptable tells why a payout that a task carries whole must not be recorded: it exceeds the bounds of every way in. One that is on
// record already was within the bounds of its day.
func (r *Runner) acceptable(ctx context.Context, typ string, p payout.Payout) error {
	beyond := r.Bounds.Check(p, time.Time{})
	if beyond == nil {
		return nil
	}
	_, err := r.Ledger.Get(ctx, p.Ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return &PayloadError{typ, beyond}
	}
	return err
}
