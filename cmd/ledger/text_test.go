package main

import "testing"

// Whatever stands in a cell stays in its column and cannot steer a terminal.
func TestAlign(t *testing.T) {
	t.Parallel()
	got := align([][]string{{"a\tb\x1b[2J", "→", "x"}, {"c", "", ""}, {"d\xff", "e\nf", "y"}})
	if want := "a b [2J  →    x\nc\nd\uFFFD       e f  y\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
