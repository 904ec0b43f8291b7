package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/salur-id/salur/internal/intake"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// row is one line of the file and what is known about it before anything is accepted.
type row struct {
	line    int
	payout  payout.Payout      // zero when the line could not be read as one
	refused error              // why it cannot be accepted, else nil
	before  bool               // accepted before, or the repetition of an earlier line
	state   statemachine.State // as it is on record; empty when it is not
}

// check is all rows of a file in their order. Those whose reference is on record with
// other content are refused, so that every conflict is known before the first payout is
// accepted.
func check(ctx context.Context, l ledger.Ledger, file intake.File) ([]row, error) {
	var rows []row
	first := make(map[string]payout.Payout, len(file.Rows))
	refs := make([]string, len(file.Rows))
	for i, r := range file.Rows {
		rows = append(rows, row{line: r.Line, payout: r.Payout})
		first[r.Payout.Ref] = r.Payout
		refs[i] = r.Payout.Ref
	}
	for _, d := range file.Duplicates {
		rows = append(rows, row{line: d.Line, payout: first[d.Ref], before: true})
	}
	for _, bad := range file.Bad {
		rows = append(rows, row{line: bad.Line, refused: bad.Err})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.line, b.line) })

	known, err := l.GetMany(ctx, refs)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		r := &rows[i]
		rec, found := known[r.payout.Ref]
		switch {
		case r.refused != nil, !found:
		case rec.Payout.Fingerprint() != r.payout.Fingerprint():
			r.refused = conflict(r.payout.Ref)
		default:
			r.before, r.state = true, rec.Tx.State
		}
	}
	return rows, nil
}

// invalid reports whether the row is wrong by itself; a conflict is a good row that comes
// too late.
func (r row) invalid() bool { return r.refused != nil && !errors.Is(r.refused, ledger.ErrConflict) }
