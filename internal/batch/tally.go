package batch

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

// Sum is how many payouts there are of something, and what they take from the deposit.
type Sum struct {
	Payouts int
	Amount  salur.Amount // of the payouts and their fees
	Fees    salur.Amount // of these
}

// add counts the payout of a row n times; -1 takes it off.
func (s *Sum) add(e *entry, n int64) {
	s.Payouts += int(n)
	s.Amount = salur.Cents(s.Amount.Cents() + n*e.cents)
	s.Fees = salur.Cents(s.Fees.Cents() + n*e.fee)
}

// String is as in "3 (IDR 600.50)", for people.
func (s Sum) String() string { return fmt.Sprintf("%d (%s)", s.Payouts, s.Money()) }

// Money is as in "IDR 602.50, of which fees IDR 2.00", for people.
func (s Sum) Money() string {
	if s.Fees == (salur.Amount{}) {
		return s.Amount.String()
	}
	return fmt.Sprintf("%s, of which fees %s", s.Amount, s.Fees)
}

// Tally counts the rows of a file.
type Tally struct {
	Rows     int                 // all of them
	Good     Sum                 // all that are not refused, without repetitions
	New      Sum                 // of the good: not on record
	Accepted Sum                 // of the good: accepted by this run
	Known    map[salur.State]Sum // of the good: accepted before, by their state on record
	Before   int                 // rows of Known, and repetitions
	Repeated int                 // of those, repetitions of an earlier row
	Refused  int
	Invalid  int // of the refused: wrong by themselves, while the others come too late
}

// Tally counts the rows as they stand now.
func (p *Plan) Tally() Tally {
	t := Tally{Rows: p.table.rows, Known: map[salur.State]Sum{}}
	for row := range p.table.rows {
		e := p.table.at(row)
		switch e.verdict {
		case New:
			t.New.add(e, 1)
		case Accepted:
			t.Accepted.add(e, 1)
		case Known:
			known := t.Known[states[e.state]]
			known.add(e, 1)
			t.Known[states[e.state]] = known
			t.Before++
		case Repeated:
			t.Repeated++
			t.Before++
		default:
			t.Refused++
			if !e.verdict.onRecord() {
				t.Invalid++
			}
		}
		if e.verdict < Repeated {
			t.Good.add(e, 1)
		}
	}
	return t
}

// String is one line: what the file holds, before anything of it is accepted.
func (t Tally) String() string {
	var parts []string
	say := func(n int, what string, sum *Sum) {
		switch {
		case n > 0 && sum != nil:
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, what, sum.Money()))
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	say(t.New.Payouts, "new", &t.New)
	for _, state := range states {
		known := t.Known[state]
		say(known.Payouts, "already "+string(state), &known)
	}
	say(t.Repeated, "repeated", nil)
	say(t.Refused, "refused", nil)
	if parts == nil {
		return "no payouts"
	}
	return strings.Join(parts, ", ")
}

// Expect is what the caller knows of the file from elsewhere; nil for what is not known. Both are of
// all good rows, each payout once, also of those that were accepted before.
type Expect struct {
	Count *int64
	Total *salur.Amount
}

// Unexpected is the error of a file that is not what was expected, that has no payouts though that was not expected, or whose amounts cannot be added up.
func (p *Plan) Unexpected(want Expect) error {
	var sum int64
	good := p.Tally().Good
	for row := range p.table.rows {
		e := p.table.at(row)
		if e.verdict >= Repeated {
			continue
		}
		if e.cents > math.MaxInt64-sum {
			return cli.Fail(cli.Invalid, errors.New("the amounts add up to more than can be counted; split the file"))
		}
		sum += e.cents
	}
	var wrong []error
	if p.table.rows == 0 && want == (Expect{}) {
		wrong = append(wrong, fmt.Errorf("%w; nothing was accepted (where that is right, say --expect-count 0)", intake.ErrNoPayouts))
	}
	if want.Count != nil && *want.Count != int64(good.Payouts) {
		wrong = append(wrong, fmt.Errorf("expected %d payouts, found %d good ones; nothing was accepted", *want.Count, good.Payouts))
	}
	if want.Total != nil && *want.Total != good.Amount {
		wrong = append(wrong, fmt.Errorf("expected %s, found %s in good payouts; nothing was accepted", want.Total, good.Money()))
	}
	if wrong == nil {
		return nil
	}
	return cli.Fail(cli.Invalid, errors.Join(wrong...))
}

// Refusal is the error of a file with refused rows, else nil. wholeFile: nothing is accepted because of them.
func (t Tally) Refusal(wholeFile bool) error {
	if t.Refused == 0 {
		return nil
	}
	code := cli.Conflict
	if t.Invalid > 0 {
		code = cli.Invalid
	}
	if wholeFile {
		return cli.Fail(code, fmt.Errorf("the file is refused for %d of its %s and nothing was accepted; "+
			"correct them, or accept the others with --continue-on-error", t.Refused, cli.Count(t.Rows, "row", "rows")))
	}
	return cli.Fail(code, fmt.Errorf("%d of %d rows were refused; correct them and run the file again, nobody is paid twice", t.Refused, t.Rows))
}
