package main

import (
	"fmt"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/money"
)

// tally counts what has become of a file's rows.
type tally struct {
	rows        int  // all rows of the file
	dryRun      bool // accepted counts what would be
	refusedFile bool // nothing is accepted because of the refused rows

	accepted int
	total    money.Amount // of the accepted
	before   int
	refused  int
	invalid  int // of the refused: wrong by themselves
}

func (t *tally) count(r row) {
	switch {
	case r.refused != nil:
		t.refused++
		if r.invalid() {
			t.invalid++
		}
	case r.before:
		t.before++
	case !t.refusedFile:
		t.accepted++
		t.total = t.total.Add(r.payout.Amount)
	}
}

// String is the summary in one line.
func (t tally) String() string {
	mood := ""
	if t.dryRun {
		mood = "dry run, nothing was accepted; it would be: "
	}
	return fmt.Sprintf("%s%d accepted (%s), %d accepted before, %d refused", mood, t.accepted, t.total, t.before, t.refused)
}

// refusal is the error of a file that had refused rows, else nil.
func (t tally) refusal() error {
	if t.refused == 0 {
		return nil
	}
	code := cli.Conflict
	if t.invalid > 0 {
		code = cli.Invalid
	}
	if t.refusedFile {
		return cli.Fail(code, fmt.Errorf("the file is refused for %d of its %d rows and nothing was accepted; "+
			"correct them, or accept the others with --continue-on-error", t.refused, t.rows))
	}
	return cli.Fail(code, fmt.Errorf("%d of %d rows were refused; correct them and run the file again, nobody is paid twice", t.refused, t.rows))
}
