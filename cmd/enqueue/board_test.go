package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/batch"
)

// The table fits a screen of forty columns, and it is known how many lines it takes on any: it is drawn again in its place.
func TestTableFits(t *testing.T) {
	t.Parallel()
	s := batch.Standing{salur.Queued: {Payouts: 1_000_000, Amount: salur.Cents(12_345_678_901_234_567)}, salur.Succeeded: {Payouts: 3, Amount: salur.Rupiah(1)}}
	const why = "sending is held by root since 2026-11-28T16:40:00+07:00: bank holiday, the bank opens again on Monday"
	for _, tc := range []struct{ columns, lines int }{{40, 1 + 7 + 3}, {80, 1 + 7 + 2}, {200, 1 + 7 + 1}} {
		text, lines := table(s, why, tc.columns)
		if lines != tc.lines || strings.Count(text, "\n") != lines {
			t.Errorf("%d columns: %d lines, want %d\n%s", tc.columns, lines, tc.lines, text)
		}
		for row := range strings.SplitSeq(text, "\n") {
			if len(row) >= tc.columns {
				t.Errorf("%d columns: %q has %d", tc.columns, row, len(row))
			}
		}
		if !strings.Contains(strings.ReplaceAll(text, "\n", " "), why) {
			t.Errorf("%q", text)
		}
	}
	// Where even that is too wide, the screen breaks each row once.
	if _, lines := table(batch.Standing{}, "", 30); lines != 2*8 {
		t.Errorf("%d lines", lines)
	}
}
