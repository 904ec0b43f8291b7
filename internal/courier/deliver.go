package courier

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hibiken/asynq"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/wakeup"
	"github.com/salur-id/salur/internal/webhook"
)

// early is how much before its time a wake-up may come and wait here for it: asynq keeps whole
// seconds, cut off.
const early = 1500 * time.Millisecond

// handle handles event:notify: what is due of a payout.
func (c *Courier) handle(ctx context.Context, t *asynq.Task) error {
	ref, _, whole, err := wakeup.Decode(t.Type(), t.Payload())
	switch {
	case t.Type() != wakeup.TypeNotify: // to the letter: asynq's own mux takes a type's beginning for the type
		err = wakeup.ErrForeign
	case err == nil && whole:
		err = errors.New("payload: more than a reference")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return c.deliver(ctx, ref)
}

// deliver delivers a payout's outcomes one after the other, as long as that goes well.
//
// The exchange's time starts before the outcome is taken, and the lease is longer: a process
// that is frozen anywhere below posts nothing after another may have taken over. What it posted just
// before may be posted again: the receiver knows it by its id.
func (c *Courier) deliver(ctx context.Context, ref string) error {
	for more := true; more; {
		done, err := c.door.pass(ctx, c.stopping)
		if err != nil {
			return err
		}
		if more, err = c.attempt(ctx, ref, done); err != nil {
			return err
		}
	}
	return nil
}

// attempt makes one attempt at the payout's next outcome, if one is due, and tells done how it
// went. more is true when there is another outcome to go on with.
func (c *Courier) attempt(ctx context.Context, ref string, done func(error)) (more bool, err error) {
	verdict := errNothing
	defer func() { done(verdict) }()
	begun, d, err := c.take(ctx, ref)
	if err != nil || d.Event.ID == "" {
		return false, err
	}
	confirmed, err := c.events.Confirm(ctx, []*ledger.Event{&d.Event})
	if err != nil {
		return false, err
	}
	if !confirmed[0] { // an outcome is told from the record alone
		return c.refuse(ctx, d)
	}
	r := c.post(ctx, d, begun)
	if verdict = nil; r.Outcome != webhook.Delivered {
		verdict = errFailed
	}
	return c.record(ctx, d, r)
}

// take takes the payout's next outcome, if one is due. A wake-up that is a little early waits for
// its time.
func (c *Courier) take(ctx context.Context, ref string) (begun time.Time, d ledger.Delivery, err error) {
	token := rand.Text()
	for {
		begun = c.Now()
		d, due, err := c.outbox.Take(ctx, ref, token, begun, begun.Add(lease))
		if err != nil || d.Event.ID != "" {
			return begun, d, err
		}
		if due.IsZero() || due.Sub(begun) > early {
			return begun, d, nil // delivered, or somebody else has it, or its own wake-up comes later
		}
		pause(ctx, due.Sub(begun))
		if err := ctx.Err(); err != nil {
			return begun, d, err
		}
	}
}

// refuse gives up an outcome that the ledger does not have. A person sees it with ledger webhooks.
func (c *Courier) refuse(ctx context.Context, d ledger.Delivery) (more bool, err error) {
	now := c.Now()
	c.Log.Error("AN OUTCOME THAT THE LEDGER DOES NOT HAVE IS NOT TOLD; see docs/runbooks/SalurUnreadableRecords.md",
		zap.String("ref", d.Event.Ref), zap.String("event", d.Event.ID))
	if c.PutAside != nil {
		c.PutAside("the outcome "+d.Event.ID+" of payout "+d.Event.Ref, ledger.ErrUnreadable)
	}
	more, err = c.outbox.GiveUp(context.WithoutCancel(ctx), d, ledger.Failure{Since: now, Error: "not_on_record"}, now)
	if errors.Is(err, ledger.ErrStale) {
		return false, nil
	}
	return more, err
}

func (c *Courier) post(ctx context.Context, d ledger.Delivery, begun time.Time) webhook.Result {
	// Not asynq's context: SIGTERM must not turn an answer that is on its way into an unknown one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webhook.Timeout-c.Now().Sub(begun))
	defer cancel()
	r := c.Receiver.Post(ctx, messageID(d.Event), body(d.Event))
	c.Metrics.Webhook(string(r.Outcome))
	return r
}

// record writes down how an exchange went; more is true when the payout has another outcome to go
// on with. An answer in hand is written down, also by a worker told to stop.
//
// What is not known here: whether a write that returned an error happened. It is made again; if Redis
// stays away the lease runs out, and an outcome that was delivered is delivered once more.
func (c *Courier) record(ctx context.Context, d ledger.Delivery, r webhook.Result) (more bool, err error) {
	ctx = context.WithoutCancel(ctx)
	now := c.Now()
	fields := []zap.Field{zap.String("ref", d.Event.Ref), zap.String("event", d.Event.ID), zap.String("state", string(d.Event.To))}
	var write func() (bool, error)
	var due time.Time
	switch f, giveUp := failure(d, r, now); {
	case r.Outcome == webhook.Delivered:
		c.Log.Debug("outcome delivered", fields...)
		write = func() (bool, error) { return c.outbox.Delivered(ctx, d, now) }
	case giveUp:
		c.Log.Error("an outcome could not be delivered for three days and is given up; see ledger webhooks",
			append(fields, zap.String("error", f.Error), zap.Int("status", f.Status), zap.Int("attempts", f.Tries))...)
		write = func() (bool, error) { return c.outbox.GiveUp(ctx, d, f, now) }
	default:
		due = now.Add(wait(f, r, now, spread()))
		c.Log.Info("outcome not delivered", append(fields, zap.String("error", f.Error), zap.Int("status", f.Status),
			zap.Int("attempts", f.Tries), zap.Time("next", due))...)
		write = func() (bool, error) { return false, c.outbox.Later(ctx, d, f, due) }
	}
	more, err = backoff.Retry(ctx, func() (bool, error) {
		more, err := write()
		if errors.Is(err, ledger.ErrStale) {
			err = backoff.Permanent(err)
		}
		return more, err
	}, backoff.WithMaxElapsedTime(recordFor))
	if errors.Is(err, ledger.ErrStale) {
		return false, nil // somebody else has it, and says how it went
	}
	if err == nil && !due.IsZero() {
		if err := c.queue.Notify(ctx, d.Event.Ref, due); err != nil {
			c.Log.Warn("a wake-up could not be enqueued; the sweeper will", zap.String("ref", d.Event.Ref), zap.Error(err))
		}
	}
	return more, err
}
