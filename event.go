package salur

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"time"

	"github.com/salur-id/salur/internal/ledger"
)

const (
	// readFor is how long one look at the event stream waits for something to happen. It bounds how
	// late the end of a context is noticed.
	readFor = time.Second
	// handleFor is for how long an event belongs to the consumer that took it.
	handleFor = time.Minute
)

// Event is one transition of a payout.
type Event struct {
	// ID is the same for everyone who reads the event, and grows: what was handled before is known by it.
	ID          string    `json:"id"`
	Ref         string    `json:"ref"`
	Kind        Kind      `json:"kind"`
	From        State     `json:"from"` // empty when the payout was just accepted
	To          State     `json:"to"`
	Event       EventType `json:"event"` // what happened, as in the history
	Reason      Reason    `json:"reason"`
	Amount      Amount    `json:"amount"`
	ReferenceNo string    `json:"danaReferenceNo"` // DANA's number of the payout, once it is known
	At          Time      `json:"at"`
	// Answered is what DANA's answer was about, where that is not this payout or sent it to Review; else nil.
	Answered *Answered `json:"answered,omitempty"`
	// Version grows with each change of the payout: of two events of one payout the one with the
	// greater version is the later.
	Version int64 `json:"version"`
}

func newEvent(e ledger.Event) Event {
	return Event{
		ID: e.ID, Ref: e.Ref, Kind: Kind(e.Kind), From: State(e.From), To: State(e.To), Event: EventType(e.Trigger), Reason: Reason(e.Reason),
		Amount: Cents(e.Amount.Cents()), ReferenceNo: e.ReferenceNo, At: Time{e.At}, Version: e.Version,
		Answered: newAnswered(e.Answered),
	}
}

// Watch yields every transition from now on, or with after, an event's ID, those that came after that one and
// are still kept (the workers' SALUR_RETENTION). It ends with an error: the context's when ctx ends,
// or ErrUnavailable.
func (c *Client) Watch(ctx context.Context, after string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var err error
		if after == "" {
			after, err = c.LastEvent(ctx)
		}
		for err == nil {
			var events []ledger.Event
			if events, err = c.ledger.Events(ctx, after, 1000, readFor); err != nil {
				break
			}
			for _, e := range events {
				if after = e.ID; !e.Unreadable && !yield(newEvent(e), nil) {
					return
				}
			}
			err = ctx.Err()
		}
		yield(Event{}, ended(ctx, err))
	}
}

// LastEvent is the ID of the newest event: from there on Watch yields what happens after this call. The
// error is ErrUnavailable.
func (c *Client) LastEvent(ctx context.Context) (string, error) {
	id, err := c.ledger.LastEvent(ctx)
	return id, told(err)
}

// Subscribe calls handle for every transition, one at a time, as a member of a group of consumers: each
// event goes to one member. The first member makes the group, which begins with what happens from
// then on; from there on nothing is missed, also while no member is there (for as long as events are
// kept, the workers' SALUR_RETENTION).
//
// An event is done with when handle returns nil. Otherwise, and when the member dies or takes
// longer than a minute, it comes again, to any member: handle must bear an event that was handled
// before. Members of one group handle events of one payout side by side, so that order is a
// matter of Event.Version.
//
// Subscribe ends with the context's error when ctx ends, with handle's error, or with ErrUnavailable.
// Call it again to go on.
func (c *Client) Subscribe(ctx context.Context, group string, handle func(context.Context, Event) error) error {
	member := rand.Text()
	if err := c.ledger.Join(ctx, group); err != nil {
		return ended(ctx, err)
	}
	defer func() {
		// A member with events that are not done stays on Redis's list until others have them.
		_ = c.ledger.Leave(context.WithoutCancel(ctx), group, member)
	}()
	for ctx.Err() == nil {
		events, err := c.ledger.Take(ctx, group, member, 1, handleFor, readFor)
		if err != nil {
			return ended(ctx, err)
		}
		for _, e := range events {
			if !e.Unreadable {
				if err := handle(ctx, newEvent(e)); err != nil {
					return err
				}
			}
			if err := c.ledger.Done(context.WithoutCancel(ctx), group, e); err != nil {
				return told(err) // it comes again
			}
		}
	}
	return ctx.Err()
}

// ended prefers to say that the caller's context ended over what that made fail.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return told(err)
}
