package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// Event is one transition on the event stream. It is written in the same step as the
// transition itself, so that there is one if and only if the other happened.
type Event struct {
	ID      string               `json:"-"` // of the stream: its order, and the same for everyone who reads it
	Ref     string               `json:"ref"`
	Kind    payout.Kind          `json:"kind"`
	From    statemachine.State   `json:"from,omitempty"` // empty for a payout that was just accepted
	To      statemachine.State   `json:"to"`
	Trigger statemachine.Trigger `json:"event"`
	At      time.Time            `json:"at"`
	Version int64                `json:"version"` // of the record; grows with each write of a payout
	Amount  money.Amount         `json:"amount"`
	Reason  string               `json:"reason,omitempty"` // why it is in To, machine-readable
	// ReferenceNo is DANA's number of the payout, once it is known.
	ReferenceNo string `json:"danaReferenceNo,omitempty"`
	// Unreadable: the event cannot be read, or is an outcome which the ledger does not have (Confirm). Pass over it.
	Unreadable bool `json:"-"`
	// Answered is what DANA's answer was about, where that is not this payout.
	Answered statemachine.Answered `json:"answered,omitzero"`
}

// newEvent is the transition e that made rec what it is.
func newEvent(rec Record, e statemachine.Entry) Event {
	return Event{
		Ref: rec.Payout.Ref, Kind: rec.Payout.Kind, From: e.From, To: e.To, Trigger: e.Event, At: e.At.UTC(),
		Version: rec.Version, Amount: rec.Payout.Amount, Reason: rec.Tx.Reason, ReferenceNo: rec.Tx.ReferenceNo,
		Answered: e.Answered,
	}
}

// LastEvent is the ID of the newest event, from which to read on.
func (l *Redis) LastEvent(ctx context.Context) (string, error) {
	newest, err := l.rdb.XRevRangeN(ctx, l.keys.events(), "+", "-", 1).Result()
	if err != nil {
		return "", fmt.Errorf("ledger: read the event stream: %w", err)
	}
	if len(newest) == 0 {
		return "0-0", nil
	}
	return newest[0].ID, nil
}

// Events reads at most limit events after the one with this ID, the oldest first. When there
// is none it waits for one, at most for the time given, and returns none; a negative time does not wait.
func (l *Redis) Events(ctx context.Context, after string, limit int, wait time.Duration) ([]Event, error) {
	got, err := l.rdb.XRead(ctx, &redis.XReadArgs{
		Streams: []string{l.keys.events(), after}, Count: int64(limit), Block: wait,
	}).Result()
	return l.events(ctx, got, err)
}

// Join makes a group of consumers of the event stream, if there is none with this name. A new
// group gets what happens from now on.
func (l *Redis) Join(ctx context.Context, group string) error {
	err := l.rdb.XGroupCreateMkStream(ctx, l.keys.events(), group, "$").Err()
	if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
		return fmt.Errorf("ledger: join %s on the event stream: %w", group, err)
	}
	return nil
}

// Take is at most limit events for a consumer of a group, the oldest first: those that any
// consumer of it took more than idle ago and has not Done, or else new ones, for which it waits
// for the time given. Each event goes to one consumer, and comes again until it is Done.
func (l *Redis) Take(ctx context.Context, group, consumer string, limit int, idle, wait time.Duration) ([]Event, error) {
	left, _, err := l.rdb.XAutoClaim(ctx, &redis.XAutoClaimArgs{
		Stream: l.keys.events(), Group: group, Consumer: consumer, MinIdle: idle, Start: "0-0", Count: int64(limit),
	}).Result()
	if err != nil || len(left) > 0 {
		return l.events(ctx, []redis.XStream{{Messages: left}}, err)
	}
	got, err := l.rdb.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: group, Consumer: consumer, Streams: []string{l.keys.events(), ">"}, Count: int64(limit), Block: wait,
	}).Result()
	return l.events(ctx, got, err)
}

// Done says that a group is done with events.
func (l *Redis) Done(ctx context.Context, group string, events ...Event) error {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	if err := l.rdb.XAck(ctx, l.keys.events(), group, ids...).Err(); err != nil {
		return fmt.Errorf("ledger: acknowledge %d events: %w", len(ids), err)
	}
	return nil
}

// Leave forgets a consumer that has nothing left to be Done.
func (l *Redis) Leave(ctx context.Context, group, consumer string) error {
	pending, err := l.rdb.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: l.keys.events(), Group: group, Start: "-", End: "+", Count: 1, Consumer: consumer,
	}).Result()
	if err == nil && len(pending) == 0 {
		err = l.rdb.XGroupDelConsumer(ctx, l.keys.events(), group, consumer).Err()
	}
	if err != nil {
		return fmt.Errorf("ledger: leave %s on the event stream: %w", group, err)
	}
	return nil
}

// events keeps the place of an event that cannot be read, or that is an outcome which the ledger does not have, so that readers
// move on past it.
func (l *Redis) events(ctx context.Context, streams []redis.XStream, err error) ([]Event, error) {
	if errors.Is(err, redis.Nil) { // nothing came in time
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: read the event stream: %w", err)
	}
	var events []Event
	for _, s := range streams {
		for _, m := range s.Messages {
			e, err := decodeEvent(m)
			if err != nil {
				l.putAside("event "+m.ID, err)
				e = Event{ID: m.ID, Unreadable: true}
			}
			events = append(events, e)
		}
	}
	var outcomes []*Event
	for i := range events {
		if events[i].Outcome() {
			outcomes = append(outcomes, &events[i])
		}
	}
	confirmed, err := l.Confirm(ctx, outcomes)
	if err != nil {
		return nil, err
	}
	for i, e := range outcomes {
		if !confirmed[i] {
			l.putAside("event "+e.ID, errNotOnRecord)
			*e = Event{ID: e.ID, Unreadable: true}
		}
	}
	return events, nil
}

func decodeEvent(m redis.XMessage) (Event, error) {
	text, _ := m.Values["event"].(string)
	e := Event{ID: m.ID}
	err := json.Unmarshal([]byte(text), &e)
	return e, err
}
