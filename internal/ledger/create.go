package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/tracing"
)

// Created is what became of one payout of CreateMany.
type Created struct {
	Record Record // as it is on record, also with ErrConflict
	New    bool   // false when it was on record before
	// Forgotten: it was on record, and was over for longer than finished payouts are kept. Record has its final
	// state and nothing else of how it fared.
	Forgotten bool
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
			By: by, Trace: tracing.Each(ctx, i), CreatedAt: now, UpdatedAt: now, Schema: schema, Version: 1,
		}
		byKind[p.Kind] = append(byKind[p.Kind], i)
	}
	var calls []*call
	for kind, all := range byKind {
		all = slices.DeleteFunc(all, func(i int) bool { answers[i].Err = readable(ps[i], by, now); return answers[i].Err != nil })
		for some := range slices.Chunk(all, createAtOnce) {
			calls = append(calls, l.creation(kind, some, answers, now))
		}
	}
	runs := make([]*redisfault.Call, len(calls))
	for i, c := range calls {
		runs[i] = &c.Call
	}
	l.replicas.RunAll(ctx, createScript, runs)
	for _, c := range calls {
		each, err := c.Cmd().Slice()
		for n, i := range c.of {
			if err != nil {
				answers[i].Err = fmt.Errorf("ledger: record payout %s: %w", ps[i].Ref, err)
			} else {
				answers[i].read(ctx, l, each[n], c.fingerprints[n])
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
		answers[i].Record.fingerprint = fingerprint
		c.Keys = append(c.Keys, k.tx(p.Ref), k.gone(p.Ref))
		units, rest := carried(p, 1)
		c.fingerprints = append(c.fingerprints, fingerprint)
		c.Args = append(c.Args, p.Ref,
			fmt.Sprintf("%d %s-%d %s\n%s\n%s", rec.Version, mine, n, fingerprint, line, encode(rec)),
			units, rest, encode(newEvent(rec, rec.accepted().Entry)))
	}
	return c
}

// read takes the script's answer for one payout: "created", what is on record in its place, or why
// it could not be recorded.
func (c *Created) read(ctx context.Context, l *Redis, answer any, fingerprint string) {
	ref := c.Record.Payout.Ref
	switch a := answer.(type) {
	case string:
		c.New = true
	case []any:
		if len(a) == 2 {
			c.forgotten(ctx, l, a[1].(string), fingerprint)
			return
		}
		var other string
		c.Record, other, c.Err = decode(ref, a[0].(string))
		switch {
		case c.Err != nil:
			l.putAside("payout "+ref, c.Err)
			c.Err = &UnreadableError{ref, c.Err}
		case other != fingerprint:
			c.Err = ErrConflict
		}
	case error:
		c.Err = fmt.Errorf("ledger: record payout %s: %w", ref, redisfault.Explain(a))
	}
}

// readable is nil for what can be read back as it is: nothing else may be written, for a record that cannot be read stands in
// the way of a person for ever.
func readable(p payout.Payout, by string, now time.Time) error {
	if year := now.Year(); year < 1 || year > 9999 || !utf8.ValidString(by) {
		return fmt.Errorf("ledger: payout %s cannot be recorded at %s by %q, it could not be read again", p.Ref, now, by)
	}
	var back payout.Payout
	line := p.Encode()
	if err := json.Unmarshal(line, &back); err != nil {
		return fmt.Errorf("ledger: payout %s cannot be recorded, it could not be read again: %w", p.Ref, err)
	}
	if !bytes.Equal(back.Encode(), line) {
		return fmt.Errorf("ledger: payout %s cannot be recorded, it would be read as another", p.Ref)
	}
	return nil
}

// call is one run of the script.
type call struct {
	redisfault.Call
	of           []int    // the payouts that it is about
	fingerprints []string // theirs
}
