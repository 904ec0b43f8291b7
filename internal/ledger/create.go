package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tracing"
)

// Created is what became of one payout of CreateMany.
type Created struct {
	Record Record // as it is on record, also with ErrConflict
	New    bool   // false when it was on record before
	// Err is ErrConflict, or the store's own: then it is not known whether this payout is on
	// record, unless Redis has refused it for certain (redisfault.Certain).
	Err error
}

// Create implements Ledger.
func (l *Redis) Create(ctx context.Context, p payout.Payout, now time.Time) (Record, bool, error) {
	c := l.CreateMany(ctx, []payout.Payout{p}, "", now)[0]
	return c.Record, c.New, c.Err
}

// createAtOnce is how many payouts one run of the script records. Redis serves nobody else
// meanwhile: for a few milliseconds.
const createAtOnce = 64

// CreateMany implements Ledger. Each payout is recorded or not by itself.
func (l *Redis) CreateMany(ctx context.Context, ps []payout.Payout, by string, now time.Time) []Created {
	now = now.UTC()
	answers := make([]Created, len(ps))
	byKind := map[payout.Kind][]int{}
	for i, p := range ps {
		answers[i].Record = Record{
			Payout: p, Tx: statemachine.New(p.Ref, p.Amount, p.NotAfter, now),
			By: by, Trace: tracing.Each(ctx, i), CreatedAt: now, UpdatedAt: now, Version: 1,
		}
		byKind[p.Kind] = append(byKind[p.Kind], i)
	}
	var calls []*call
	for kind, all := range byKind {
		for some := range slices.Chunk(all, createAtOnce) {
			calls = append(calls, l.creation(kind, some, answers, now))
		}
	}
	runs := make([]*redisfault.Call, len(calls))
	for i, c := range calls {
		runs[i] = &c.Call
	}
	l.replicas.runAll(ctx, createScript, runs)
	for _, c := range calls {
		each, err := c.Cmd().Slice()
		for n, i := range c.of {
			if err != nil {
				answers[i].Err = fmt.Errorf("ledger: record payout %s: %w", ps[i].Ref, err)
			} else {
				answers[i].read(each[n], c.fingerprints[n])
			}
		}
	}
	return answers
}

// creation is the call that records some of the payouts, all of one kind and due at once.
func (l *Redis) creation(kind payout.Kind, some []int, answers []Created, now time.Time) *call {
	k := l.keys
	c := &call{of: some, Call: redisfault.Call{
		Keys: []string{k.state(statemachine.StateQueued), k.sums(), k.events(), k.open(kind, statemachine.StepSend)},
		Args: []any{string(statemachine.StateQueued), millis(now)},
	}}
	mine := token()
	for n, i := range some {
		rec := answers[i].Record
		p := rec.Payout
		line := p.Encode()
		fingerprint := payout.FingerprintOf(line)
		c.Keys = append(c.Keys, k.tx(p.Ref))
		c.fingerprints = append(c.fingerprints, fingerprint)
		c.Args = append(c.Args, p.Ref,
			fmt.Sprintf("%d %s-%d %s\n%s\n%s", rec.Version, mine, n, fingerprint, line, encode(rec)),
			strconv.FormatInt(p.Amount.Cents(), 10), encode(newEvent(rec, rec.accepted().Entry)))
	}
	return c
}

// read takes the script's answer for one payout: "created", what is on record in its place, or why
// it could not be recorded.
func (c *Created) read(answer any, fingerprint string) {
	ref := c.Record.Payout.Ref
	switch a := answer.(type) {
	case string:
		c.New = true
	case []any:
		var other string
		c.Record, other, c.Err = decode(c.Record.Payout.Ref, a[0].(string))
		if c.Err == nil && other != fingerprint {
			c.Err = ErrConflict
		}
	case error:
		c.Err = fmt.Errorf("ledger: record payout %s: %w", ref, redisfault.Explain(a))
	}
}

// call is one run of the script.
type call struct {
	redisfault.Call
	of           []int    // the payouts that it is about
	fingerprints []string // theirs
}
