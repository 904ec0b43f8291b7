package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/statemachine"
)

var errNotOnRecord = errors.New("the ledger does not have this outcome: somebody else wrote it, or its payout is forgotten")

// Confirm reports for each event whether the ledger has it: its payout is on record with that amount, and its history has that
// very change. Whoever can write to the stream alone cannot make an outcome be told (promise 7). An event of a payout
// that is forgotten, or cannot be read, is not confirmed.
func (l *Redis) Confirm(ctx context.Context, events []*Event) ([]bool, error) {
	if len(events) == 0 {
		return nil, nil
	}
	records, histories := make([]*redis.StringCmd, len(events)), make([]*redis.StringSliceCmd, len(events))
	_, err := l.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, e := range events {
			records[i], histories[i] = p.Get(ctx, l.keys.tx(e.Ref)), p.LRange(ctx, l.keys.history(e.Ref), 0, -1)
		}
		return nil
	})
	if err != nil && !isReply(err) {
		return nil, fmt.Errorf("ledger: confirm %d events: %w", len(events), err)
	}
	confirmed := make([]bool, len(events))
	for i, e := range events {
		rec, _, err := decode(e.Ref, records[i].Val())
		if err != nil || e.Unreadable || rec.Payout.Kind != e.Kind || rec.Payout.Amount != e.Amount || rec.Version < e.Version {
			continue
		}
		if e.Version == rec.Version && (e.ReferenceNo != rec.Tx.ReferenceNo || e.Reason != rec.Tx.Reason) {
			continue // of an earlier version the record does not have them any more
		}
		if accepted := rec.accepted(); e.is(accepted.Entry) {
			confirmed[i] = true
		}
		for _, line := range histories[i].Val() {
			var entry Entry
			if json.Unmarshal([]byte(line), &entry) == nil && e.is(entry.Entry) {
				confirmed[i] = true
			}
		}
	}
	return confirmed, nil
}

// is reports whether the event is this change.
func (e *Event) is(entry statemachine.Entry) bool {
	return e.From == entry.From && e.To == entry.To && e.Trigger == entry.Event && e.At.Equal(entry.At) && e.Answered == entry.Answered
}
