package ledger

import (
	"context"
	"fmt"
)

// Of is what the webhook has not been told of a payout: the outcomes that wait for their delivery, and those that
// were given up, each the oldest first. What is in neither was delivered, or there was no webhook.
func (o *Outbox) Of(ctx context.Context, ref string) (waiting []Event, givenUp []Undelivered, err error) {
	docs, err := o.rdb.LRange(ctx, o.keys.outbox(ref), 0, -1).Result()
	if err != nil {
		return nil, nil, fmt.Errorf("ledger: outbox: read what waits of payout %s: %w", ref, err)
	}
	for _, doc := range docs {
		e, err := outcome(doc)
		if err != nil {
			e = unreadableOutcome(ref, doc)
		}
		waiting = append(waiting, e)
	}
	givenUp, _, err = o.undeliveredOf(ctx, ref)
	return waiting, givenUp, err
}
