package ledger

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// StepCount is how many payouts of a kind have a step before them.
type StepCount struct {
	Kind  payout.Kind
	Step  statemachine.Step
	Count int64
}

// Steps counts the open payouts by kind and by what is to be done next. Those in review have
// nothing scheduled and are not among them.
func (l *Redis) Steps(ctx context.Context) ([]StepCount, error) {
	var steps []StepCount
	var counts []*redis.IntCmd
	_, err := l.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, kind := range []payout.Kind{payout.TopUp, payout.Bank} {
			for _, step := range []statemachine.Step{statemachine.StepSend, statemachine.StepAnswer, statemachine.StepInquire} {
				steps = append(steps, StepCount{Kind: kind, Step: step})
				counts = append(counts, p.ZCard(ctx, l.keys.open(kind, step)))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: count open payouts: %w", err)
	}
	for i, n := range counts {
		steps[i].Count = n.Val()
	}
	return steps, nil
}
