package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// Created is what became of one payout of CreateMany.
type Created struct {
	Record Record // as it is on record, also with ErrConflict
	New    bool   // false when it was on record before
	// Err is ErrConflict, or the store's own: then it is not known whether this payout is on
	// record.
	Err error
}

// Create implements Ledger.
func (l *Redis) Create(ctx context.Context, p payout.Payout, now time.Time) (Record, bool, error) {
	c := l.CreateMany(ctx, []payout.Payout{p}, "", now)[0]
	return c.Record, c.New, c.Err
}

// CreateMany implements Ledger. Each payout is recorded or not by itself.
func (l *Redis) CreateMany(ctx context.Context, ps []payout.Payout, by string, now time.Time) []Created {
	now = now.UTC()
	answers := make([]Created, len(ps))
	calls := make([]*call, len(ps))
	for i, p := range ps {
		rec := Record{
			Payout: p, Tx: statemachine.New(p.Ref, p.Amount, p.NotAfter, now),
			CreatedAt: now, UpdatedAt: now, Version: 1,
		}
		rec.Last = Entry{Entry: statemachine.Entry{At: now, To: rec.Tx.State, Event: "accepted", Detail: by}}
		doc, entry, err := encode(rec)
		if err != nil {
			answers[i].Err = err
			continue
		}
		k := l.keys
		answers[i].Record = rec
		calls[i] = &call{
			keys: []string{k.tx(p.Ref), k.history(p.Ref), k.open(p.Kind, rec.Tx.Next), k.state(rec.Tx.State), k.sums(), k.events()},
			args: []any{
				token(), p.Fingerprint(), doc, entry, p.Ref, millis(rec.Tx.DueAt), millis(now),
				string(rec.Tx.State), strconv.FormatInt(p.Amount.Cents(), 10), string(p.Kind), p.Amount.Value(),
			},
		}
	}
	runAll(ctx, l.rdb, createScript, calls)
	for i, c := range calls {
		if c != nil {
			answers[i] = created(answers[i].Record, c.answer)
		}
	}
	return answers
}

func created(rec Record, cmd *redis.Cmd) Created {
	answer, err := cmd.Slice()
	if err != nil {
		return Created{Record: rec, Err: fmt.Errorf("ledger: record payout %s: %w", rec.Payout.Ref, err)}
	}
	if answer[0].(string) == "created" {
		return Created{Record: rec, New: true}
	}
	old, err := decode(answer[2], answer[3])
	if err == nil && answer[1].(string) != rec.Payout.Fingerprint() {
		err = ErrConflict
	}
	return Created{Record: old, Err: err}
}

// call is one run of a script.
type call struct {
	keys   []string
	args   []any
	answer *redis.Cmd
}

// runAll runs a script once for each call that is not nil, in one exchange with Redis. A
// Redis that does not know the script gets it, and those calls are made again: it has done
// nothing for them.
func runAll(ctx context.Context, rdb redis.UniversalClient, script *redis.Script, calls []*call) {
	for again := range 2 {
		_, _ = rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each answer has its own error
			for _, c := range calls {
				if c != nil && (c.answer == nil || again == 1 && unknownScript(c.answer)) {
					c.answer = p.EvalSha(ctx, script.Hash(), c.keys, c.args...)
				}
			}
			return nil
		})
		known := true
		for _, c := range calls {
			known = known && (c == nil || !unknownScript(c.answer))
		}
		if known || again == 1 || script.Load(ctx, rdb).Err() != nil {
			return
		}
	}
}

func unknownScript(cmd *redis.Cmd) bool { return redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") }

