package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/intake"
)

// linesNamed is how many lines a warning names; it counts the others.
const linesNamed = 10

// Amounts is one line on the least and the greatest amount of the new payouts, fees apart; empty for less than two of them.
// A decimal point or a separator in the wrong place shows there first.
func (p *Plan) Amounts() string {
	var least, greatest *entry
	found := 0
	for e := range p.fresh {
		found++
		if least == nil || e.amount() < least.amount() {
			least = e
		}
		if greatest == nil || e.amount() > greatest.amount() {
			greatest = e
		}
	}
	if found < 2 {
		return ""
	}
	return fmt.Sprintf("amounts: least %s (line %d), greatest %s (line %d)", salur.Cents(least.amount()), least.line, salur.Cents(greatest.amount()), greatest.line)
}

// fresh is the entries of the new payouts.
func (p *Plan) fresh(yield func(*entry) bool) {
	for row := range p.table.rows {
		if e := p.table.at(row); e.verdict == New && !yield(e) {
			return
		}
	}
}

// Warnings are what a person should look at before the new payouts are accepted: each is allowed, and often a mistake. A
// warning is one line with line numbers and nothing personal. Memory does not depend on how much there is to warn of.
func (p *Plan) Warnings(ctx context.Context) ([]string, error) {
	cases, err := p.cases(ctx)
	if err != nil {
		return nil, failed(err)
	}
	var all []string
	for _, w := range []string{p.cents(), p.totals(), cases, p.payees()} {
		if w != "" {
			all = append(all, w)
		}
	}
	return all, nil
}

// cents warns of amounts that are not whole rupiah: 1.5 may be meant as thousands or millions.
func (p *Plan) cents() string {
	var lines list
	for e := range p.fresh {
		switch {
		case e.amount()%100 != 0:
			lines.add(fmt.Sprintf("line %d (%s)", e.line, salur.Cents(e.amount())))
		case e.fee%100 != 0:
			lines.add(fmt.Sprintf("line %d (a fee of %s)", e.line, salur.Cents(e.fee)))
		}
	}
	return lines.warning("not in whole rupiah")
}

// totals warns of rows that look like totals: a spreadsheet that fills a column down gives them a payee, too.
func (p *Plan) totals() string {
	var rows, amounts, all int64 // all is with fees
	for row := range p.table.rows {
		e := p.table.at(row)
		if !e.good() {
			continue
		}
		if e.cents > math.MaxInt64-all {
			return "" // such a file is refused
		}
		rows, amounts, all = rows+1, amounts+e.amount(), all+e.cents
	}
	var lines list
	for e := range p.fresh {
		switch others := amounts - e.amount(); {
		case rows > 2 && (e.amount() == others || e.amount() == all-e.cents):
			lines.add(fmt.Sprintf("line %d (its amount is that of all others together)", e.line))
		case e.total:
			lines.add(fmt.Sprintf("line %d (by its reference)", e.line))
		}
	}
	return lines.warning("with the look of a row of totals")
}

// payees warns of payees that the file pays more than once.
func (p *Plan) payees() string {
	found := p.again(p.sorted(func(e *entry) uint64 { return e.payee }, (*entry).good), func(a, b uint64) bool { return a == b })
	lines := list{left: found.n - len(found.kept)}
	for _, pair := range found.kept {
		e, before := p.table.at(int(pair.row)), p.table.at(int(pair.before))
		same := ""
		if e.amount() == before.amount() {
			same = ", the same amount"
		}
		lines.add(fmt.Sprintf("line %d (as line %d%s)", e.line, before.line, same))
	}
	return lines.warning("to a payee of an earlier row")
}

// cases warns of references that differ in upper and lower case only. DANA tells them apart, and so both are paid.
func (p *Plan) cases(ctx context.Context) (string, error) {
	found := p.again(p.sorted(func(e *entry) uint64 { return e.ref }, (*entry).good), func(a, b uint64) bool { return a != b && a&^sameCase == b&^sameCase })
	if found.n == 0 {
		return "", nil
	}
	refs := map[uint32]string{} // hashes make suspects only
	last := uint32(0)
	for _, pair := range found.kept {
		refs[pair.row], refs[pair.before] = "", ""
		last = max(last, pair.row)
	}
	enough := errors.New("enough")
	err := p.walk(ctx, func(row int, r intake.Row, _ *entry) error {
		if _, wanted := refs[uint32(row)]; wanted {
			refs[uint32(row)] = r.Payout.Ref
		}
		if uint32(row) == last {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return "", err
	}
	lines := list{left: found.n - len(found.kept)}
	for _, pair := range found.kept {
		if a, b := refs[pair.row], refs[pair.before]; a != b && strings.EqualFold(a, b) {
			lines.add(fmt.Sprintf("line %d (as line %d)", p.table.at(int(pair.row)).line, p.table.at(int(pair.before)).line))
		}
	}
	return lines.warning("with a reference that differs from an earlier one in upper and lower case only, so that both are paid"), nil
}

// pair is a row, and one before it that it is like.
type pair struct{ row, before uint32 }

// pairs keeps those with the lowest rows, and counts all.
type pairs struct {
	kept []pair
	n    int
}

// again is the good rows that are like their neighbour in the index, where at least one of the two is new.
func (p *Plan) again(index []located, like func(a, b uint64) bool) (found pairs) {
	for i := 1; i < len(index); i++ {
		a, b := index[i-1], index[i]
		if !like(a.hash, b.hash) {
			continue
		}
		first, second := p.table.at(int(a.row)), p.table.at(int(b.row))
		if first.good() && second.good() && (first.verdict == New || second.verdict == New) {
			found.add(pair{max(a.row, b.row), min(a.row, b.row)})
		}
	}
	found.trim()
	return found
}

func (s *pairs) add(p pair) {
	s.n++
	if s.kept = append(s.kept, p); len(s.kept) >= 100*linesNamed {
		s.trim()
	}
}

func (s *pairs) trim() {
	slices.SortFunc(s.kept, func(a, b pair) int { return cmp.Compare(a.row, b.row) })
	s.kept = s.kept[:min(len(s.kept), linesNamed)]
}

// list is some lines of the file, named, and a number of others.
type list struct {
	named []string
	left  int
}

func (l *list) add(line string) {
	if len(l.named) == linesNamed {
		l.left++
		return
	}
	l.named = append(l.named, line)
}

func (l *list) warning(what string) string {
	n := len(l.named) + l.left
	if len(l.named) == 0 {
		return ""
	}
	more := ""
	if l.left > 0 {
		more = fmt.Sprintf(", and %d more", l.left)
	}
	noun := "payouts"
	if n == 1 {
		noun = "payout"
	}
	return fmt.Sprintf("%d %s %s: %s%s", n, noun, what, strings.Join(l.named, ", "), more)
}
