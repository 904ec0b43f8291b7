package batch

import (
	"context"
	"errors"
	"fmt"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
)

// Row is a row of the file and what is known of it.
type Row struct {
	Line    int
	Ref     string // empty where the row is no payout
	Verdict Verdict
	// State is as it was last seen on record; empty when the payout is not on record.
	State salur.State
	// Err is why it is refused, else nil: one line, without anything personal.
	Err error
}

// Each reads the file again, for every row in its order.
func (p *Plan) Each(ctx context.Context, each func(Row) error) error {
	err := p.walk(ctx, func(_ int, r intake.Row, e *entry) error { return each(p.known(r, e)) })
	return failed(err)
}

var errUnended = errors.New("the file ends in this row, without a line end, so the row may be cut off; " +
	"check its last cells, then add a line end, or give what the whole file adds up to with --expect-total")

func (p *Plan) known(r intake.Row, e *entry) Row {
	row := Row{Line: r.Line, Ref: r.Payout.Ref, Verdict: e.verdict, State: states[e.state], Err: r.Err}
	switch e.verdict {
	case Invalid:
		if row.Err == nil {
			row.Err = p.client.CheckNew(r.Payout)
		}
	case Repeated:
		row.State = states[p.table.at(int(e.peer)).state]
	case Conflict:
		row.Err = fmt.Errorf("ref %q: %w; nothing was changed, give a new payout a reference of its own (see ledger show %s)",
			row.Ref, salur.ErrConflict, row.Ref)
	case Unreadable:
		row.Err = fmt.Errorf("ref %q: %w; find out what became of it before anybody is paid under a new reference, see docs/runbooks/SalurUnreadableRecords.md",
			row.Ref, salur.ErrUnreadable)
	case Unended:
		row.Err = errUnended
	case Clash:
		row.Err = &salur.InvalidError{Fields: []salur.FieldError{{Field: "ref", Value: row.Ref,
			Fix: fmt.Sprintf("line %d has it with other content; give each payout a reference of its own", e.peer)}}}
	}
	return row
}
