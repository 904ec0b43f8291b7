package batch

import (
	"cmp"
	"context"
	"slices"

	"github.com/salur-id/salur/internal/intake"
)

// located is a row and one of its hashes.
type located struct {
	hash uint64
	row  uint32
}

// index is the rows with payouts, sorted by the hashes of their references.
func (p *Plan) index() []located {
	return p.sorted(func(e *entry) uint64 { return e.ref }, func(e *entry) bool { return e.verdict != Invalid })
}

// sorted is the rows to keep by a hash, and those with the same one in the order of the file.
func (p *Plan) sorted(hash func(*entry) uint64, keep func(*entry) bool) []located {
	index := make([]located, 0, p.table.rows)
	for row := range p.table.rows {
		if e := p.table.at(row); keep(e) {
			index = append(index, located{hash(e), uint32(row)})
		}
	}
	slices.SortFunc(index, func(a, b located) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row)) })
	return index
}

// suspect marks the rows that share the hash of their reference with another, and counts them.
func (p *Plan) suspect() (found int) {
	index := p.index()
	for i := 1; i < len(index); i++ {
		if a, b := index[i-1], index[i]; a.hash == b.hash {
			p.table.at(int(a.row)).suspect, p.table.at(int(b.row)).suspect = true, true
			found++
		}
	}
	return found
}

// twin is the first row with a reference that may be there again.
type twin struct {
	row, line uint32
	other     uint32 // line of the first row that has it with other content; 0 for none
}

// twins finds the rows that share a reference. A hash only makes them suspects: they are read again, and
// their references decide. Rows with one reference and different contents are all refused: which of them
// is meant is not known, and a payout that waits can still be made, while one that was made
// cannot be taken back.
func (p *Plan) twins(ctx context.Context) error {
	if p.suspect() == 0 {
		return nil
	}
	firsts := map[string]*twin{}
	err := p.walk(ctx, func(row int, r intake.Row, e *entry) error {
		if !e.suspect {
			return nil
		}
		first, again := firsts[r.Payout.Ref]
		switch {
		case !again:
			firsts[r.Payout.Ref] = &twin{row: uint32(row), line: uint32(r.Line)}
			e.peer = uint32(row)
		case p.table.at(int(first.row)).content != e.content:
			e.verdict, e.peer = Clash, first.line
			first.other = cmp.Or(first.other, uint32(r.Line))
		default:
			e.peer = first.row
			if !e.verdict.onRecord() {
				e.verdict = Repeated
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, first := range firsts {
		if first.other != 0 {
			e := p.table.at(int(first.row))
			e.verdict, e.peer = Clash, first.other
		}
	}
	for row := range p.table.rows {
		e := p.table.at(row)
		if e.suspect && (e.verdict == Repeated || e.verdict.onRecord()) {
			if first := p.table.at(int(e.peer)); first.verdict == Clash {
				e.verdict, e.peer = Clash, first.peer
			}
		}
	}
	return nil
}
