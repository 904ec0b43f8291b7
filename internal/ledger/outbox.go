package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/durable"
	"github.com/salur-id/salur/internal/statemachine"
)

// Outbox is what is still to be told to the merchant's webhook: for each payout its outcomes in
// their order, and when the first of them is next due. It is kept beside the ledger and, as the
// ledger is, by scripts that do one step whole or not at all.
//
// Outcomes come into it from the event stream. How far the stream has been read is one ID in
// Redis, which moves in the same step in which what was read is put down: so each outcome comes
// in once, in the stream's order, whoever reads and dies when. (A group of consumers would not do:
// two of them can put down two events of one payout in the wrong order.)
type Outbox struct {
	// PutAside is as Redis.PutAside.
	PutAside func(what string, err error)

	rdb      redis.UniversalClient
	replicas durable.Writes
	keys     keys
}

// NewOutbox is the outbox over a connection that the caller owns.
func NewOutbox(rdb redis.UniversalClient) *Outbox {
	l := NewRedis(rdb)
	return &Outbox{rdb: rdb, replicas: l.replicas, keys: l.keys}
}

func (k keys) outbox(ref string) string      { return string(k) + "outbox:to:" + ref }     // outcomes, the oldest first
func (k keys) outboxHead(ref string) string  { return string(k) + "outbox:head:" + ref }   // how the first of them fares
func (k keys) outboxDue() string             { return string(k) + "outbox:due" }           // ref by when it is due
func (k keys) outboxSince() string           { return string(k) + "outbox:since" }         // ref by when the first one happened
func (k keys) outboxCursor() string          { return string(k) + "outbox:cursor" }        // how far the stream has been read
func (k keys) outboxReader() string          { return string(k) + "outbox:reader" }        // who reads it
func (k keys) undelivered() string           { return string(k) + "outbox:given-up" }      // ref by when it was given up first
func (k keys) undeliveredOf(r string) string { return string(k) + "outbox:given-up:" + r } // outcomes, the oldest first

// Outcome reports whether an event is one that the merchant is told of: where a payout stands,
// and not that it is being sent.
func (e Event) Outcome() bool {
	return !e.Unreadable && e.To != statemachine.StateQueued && e.To != statemachine.StateProcessing
}

// Due is a payout with outcomes to deliver, and when. At is also when whoever has taken it must
// have said how it went.
type Due struct {
	Ref string
	At  time.Time
}

// Delivery is a payout's oldest outcome, taken by one worker until a moment.
type Delivery struct {
	Event   Event
	Tries   int       // attempts at it that failed
	Failing time.Time // since when nothing of this payout could be delivered; zero if the last attempt went well

	token, raw string // of who has taken it; the outcome as it stands in the list
}

// Failure is how the last attempt at an outcome went.
type Failure struct {
	Tries  int       `json:"tries"`
	Since  time.Time `json:"since"` // the first attempt that failed, at this outcome or one before it
	Error  string    `json:"error"` // one of a few words
	Status int       `json:"status,omitempty"`
}

// Undelivered is an outcome that was given up.
type Undelivered struct {
	Failure
	Event    Event
	GaveUpAt time.Time
}

// Read makes owner the one who reads the event stream into the outbox, for the time given, unless
// somebody else is; then it returns false. after is how far it has been read. The very first
// time that is the newest event: what happened before is not told. A place that Redis has lost is where the first reading began: what
// is still in the stream is told once more, under the same ids.
//
// That one reads at a time is thrift, and nothing is wrong when two do: see Put.
func (o *Outbox) Read(ctx context.Context, owner string, lease time.Duration) (after string, mine bool, err error) {
	after, err = readScript.Run(ctx, o.rdb, []string{o.keys.outboxReader(), o.keys.outboxCursor(), o.keys.events(), o.keys.store()},
		owner, lease.Milliseconds()).Text()
	if err != nil {
		return "", false, fmt.Errorf("ledger: outbox: take the reading of the event stream: %w", err)
	}
	return after, after != "", nil
}

// Put puts the outcomes among events down, which are what comes after the event with the ID
// after, and moves on to the last of them. It returns the payouts that had nothing waiting: they need a
// wake-up. When somebody else has moved on meanwhile it does nothing and returns ErrStale.
func (o *Outbox) Put(ctx context.Context, after string, events []Event, now time.Time) ([]Due, error) {
	if len(events) == 0 {
		return nil, nil
	}
	keys := []string{o.keys.outboxCursor(), o.keys.outboxDue(), o.keys.outboxSince()}
	args := []any{after, events[len(events)-1].ID, millis(now)}
	var refs []string
	for _, e := range events {
		if e.Outcome() {
			keys = append(keys, o.keys.outbox(e.Ref))
			args = append(args, e.Ref, e.ID+" "+encode(e))
			refs = append(refs, e.Ref)
		}
	}
	fresh, err := putScript.Run(ctx, o.rdb, keys, args...).Int64Slice()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, ErrStale
	case err != nil:
		return nil, fmt.Errorf("ledger: outbox: put down %d outcomes: %w", len(refs), err)
	}
	var due []Due
	for i, is := range fresh {
		if is == -1 {
			o.putAside("the outbox of payout "+refs[i], errors.New("its key is of another type; an outcome is not told"))
		}
		if is == 1 {
			due = append(due, Due{refs[i], time.UnixMilli(now.UnixMilli())})
		}
	}
	return due, nil
}

func (o *Outbox) putAside(what string, err error) {
	if o.PutAside != nil {
		o.PutAside(what, err)
	}
}

// Take takes a payout's oldest outcome until the time given, if it is due. Otherwise it tells
// when it is, the zero time for never: then there is none. token is of one taker; the same call made
// again is recognised by it. Behind Sentinel a replica has all that is told: it came before.
func (o *Outbox) Take(ctx context.Context, ref, token string, now, until time.Time) (d Delivery, due time.Time, err error) {
	got, err := o.replicas.Run(ctx, takeScript, []string{o.keys.outbox(ref), o.keys.outboxHead(ref), o.keys.outboxDue(), o.keys.outboxSince()},
		ref, token, millis(now), millis(until)).Slice()
	if err != nil {
		return Delivery{}, time.Time{}, fmt.Errorf("ledger: outbox: take the outcome of payout %s: %w", ref, err)
	}
	switch len(got) {
	case 0:
		return Delivery{}, time.Time{}, nil
	case 1:
		return Delivery{}, fromMillis(got[0]), nil
	}
	d = Delivery{token: token, raw: got[0].(string)}
	if d.Event, err = outcome(d.raw); err != nil || d.Event.Ref != ref {
		d.Event = unreadableOutcome(ref, d.raw) // to be given up
	}
	if id, _ := got[1].(string); id == d.Event.ID {
		d.Tries = int(number(got[2]))
	}
	d.Failing = fromMillis(got[3])
	return d, until, nil
}

// Delivered forgets an outcome that was delivered. more is true when the payout has another one,
// which is due now. ErrStale: the time for which d was taken is over and somebody else has it; it is
// delivered once more.
func (o *Outbox) Delivered(ctx context.Context, d Delivery, now time.Time) (more bool, err error) {
	ref := d.Event.Ref
	return written(deliveredScript.Run(ctx, o.rdb, []string{o.keys.outbox(ref), o.keys.outboxHead(ref), o.keys.outboxDue(), o.keys.outboxSince()},
		ref, d.token, d.raw, millis(now)), d)
}

// GiveUp moves an outcome to those that are kept for a person. Otherwise it is as Delivered.
func (o *Outbox) GiveUp(ctx context.Context, d Delivery, f Failure, now time.Time) (more bool, err error) {
	ref := d.Event.Ref
	return written(giveUpScript.Run(ctx, o.rdb, []string{
		o.keys.outbox(ref), o.keys.outboxHead(ref), o.keys.outboxDue(), o.keys.outboxSince(), o.keys.undelivered(), o.keys.undeliveredOf(ref),
	}, ref, d.token, d.raw, millis(now), encode(givenUp{f, d.raw, now.UTC()}), millis(f.Since)), d)
}

// Later writes down that an attempt failed and when the next one is due. ErrStale is as for
// Delivered.
func (o *Outbox) Later(ctx context.Context, d Delivery, f Failure, due time.Time) error {
	ref := d.Event.Ref
	_, err := written(laterScript.Run(ctx, o.rdb, []string{o.keys.outboxHead(ref), o.keys.outboxDue()},
		ref, d.token, millis(due), d.Event.ID, f.Tries, millis(f.Since)), d)
	return err
}

func written(said *redis.Cmd, d Delivery) (more bool, err error) {
	n, err := said.Int()
	switch {
	case errors.Is(err, redis.Nil):
		return false, ErrStale
	case err != nil:
		return false, fmt.Errorf("ledger: outbox: write how the outcome of payout %s went: %w", d.Event.Ref, err)
	}
	return n == 1, nil
}

// Overdue lists payouts whose outcome was due by the time given, the longest overdue first.
func (o *Outbox) Overdue(ctx context.Context, by time.Time, limit int) ([]Due, error) {
	found, err := o.rdb.ZRangeByScoreWithScores(ctx, o.keys.outboxDue(), &redis.ZRangeBy{Min: "-inf", Max: millis(by), Count: int64(limit)}).Result()
	if err != nil {
		return nil, fmt.Errorf("ledger: outbox: read what is due: %w", err)
	}
	due := make([]Due, len(found))
	for i, z := range found {
		due[i] = Due{z.Member.(string), time.UnixMilli(int64(z.Score))}
	}
	return due, nil
}

// Backlog is what the outbox holds.
type Backlog struct {
	Waiting     int64     // payouts with outcomes to deliver
	Oldest      time.Time // when the oldest of those outcomes happened, zero when there is none
	Undelivered int64     // payouts with outcomes that were given up
}

// Backlog counts.
func (o *Outbox) Backlog(ctx context.Context) (Backlog, error) {
	var waiting, undelivered *redis.IntCmd
	var oldest *redis.ZSliceCmd
	_, err := o.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		waiting, undelivered = p.ZCard(ctx, o.keys.outboxDue()), p.ZCard(ctx, o.keys.undelivered())
		oldest = p.ZRangeWithScores(ctx, o.keys.outboxSince(), 0, 0)
		return nil
	})
	if err != nil {
		return Backlog{}, fmt.Errorf("ledger: outbox: count: %w", err)
	}
	b := Backlog{Waiting: waiting.Val(), Undelivered: undelivered.Val()}
	if z := oldest.Val(); len(z) > 0 {
		b.Oldest = time.UnixMilli(int64(z[0].Score))
	}
	return b, nil
}

// unreadableOutcome stands for what was put down and cannot be read.
func unreadableOutcome(ref, raw string) Event {
	id, _, _ := strings.Cut(raw, " ")
	return Event{ID: cmp.Or(id, "?"), Ref: ref, Unreadable: true}
}

// outcome reads what Put wrote: the event's ID, a space, the event.
func outcome(raw string) (Event, error) {
	id, text, _ := strings.Cut(raw, " ")
	e, err := decodeEvent(redis.XMessage{ID: id, Values: map[string]any{"event": text}})
	if err != nil {
		return Event{}, fmt.Errorf("ledger: outbox: event %s: %w", id, err)
	}
	return e, nil
}
