package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/salur-id/salur/internal/batch"
	"github.com/salur-id/salur/internal/cli"
)

// board shows how payouts stand while they are waited for, and what keeps them: on a screen a table that is drawn again in its
// place, elsewhere a line a minute, and one when what keeps them is another.
type board struct {
	b      *batchRun
	screen bool
	every  time.Duration
	last   time.Time
	lines  int // on the screen

	before batch.Standing // when it was last asked what keeps them
	why    string
}

func (b *batchRun) newBoard() *board {
	// Without colours the cursor is left alone, too: who sets NO_COLOR has a screen that cannot do it, or wants a log.
	screen := bool(cli.ColourFor(b.errOut, b.environ)) && !(b.json && cli.IsTerminal(b.out))
	every := time.Minute
	if screen {
		every = 200 * time.Millisecond
	}
	return &board{b: b, screen: screen, every: every, last: time.Now()}
}

// still asks what keeps the payouts, and shows it.
func (d *board) still(ctx context.Context, s batch.Standing) {
	found := why(ctx, d.b.rdb, s, !maps.Equal(s, d.before))
	d.before = maps.Clone(s)
	if found != d.why {
		d.why, d.last = found, time.Time{}
	}
	d.draw(s)
}

func (d *board) draw(s batch.Standing) {
	if time.Since(d.last) < d.every {
		return
	}
	d.last = time.Now()
	if !d.screen {
		text := line(s)
		if d.why != "" {
			text += "; " + d.why
		}
		fmt.Fprintln(d.b.errOut, "waiting:", text)
		return
	}
	d.clear()
	var text string
	text, d.lines = table(s, d.why, cli.Columns(d.b.errOut))
	fmt.Fprint(d.b.errOut, text)
}

// clear takes the table off the screen.
func (d *board) clear() {
	if d.lines > 0 {
		fmt.Fprintf(d.b.errOut, "\x1b[%dA\x1b[J", d.lines)
		d.lines = 0
	}
}

// table is a standing for a screen of so many columns, and how many lines of it that takes: where a line is too long, the screen breaks it.
func table(s batch.Standing, why string, columns int) (text string, lines int) {
	rows := []string{fmt.Sprintf("%-10s %7s %20s", "state", "payouts", "IDR")}
	for _, state := range order {
		rows = append(rows, fmt.Sprintf("%-10s %7d %20s", state, s[state].Payouts, s[state].Amount.Value()))
	}
	rows = append(rows, wrapped(why, columns-1)...) // what fills the last column may break the line already
	for _, row := range rows {
		lines += max(1, (utf8.RuneCountInString(row)+columns-1)/columns)
	}
	return strings.Join(rows, "\n") + "\n", lines
}

// wrapped breaks a text between its words.
func wrapped(text string, columns int) (rows []string) {
	for word := range strings.FieldsSeq(text) {
		last := len(rows) - 1
		if last >= 0 && utf8.RuneCountInString(rows[last])+1+utf8.RuneCountInString(word) <= columns {
			rows[last] += " " + word
		} else {
			rows = append(rows, word)
		}
	}
	return rows
}
