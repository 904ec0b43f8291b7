// Package prove scales the tests that hold the system against its promises, and collects
// what they found. `make test` runs their short form; `make prove` gives each part a time.
package prove

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// For is how long a part is to go on: what the environment variable PROVE_<part> says, such
// as 10m. Zero asks for the short form.
func For(t testing.TB, part string) time.Duration {
	t.Helper()
	text := os.Getenv("PROVE_" + part)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		t.Fatalf("PROVE_%s %q: give a duration such as 10m", part, text)
	}
	return d
}

// Seed starts whatever a part draws at random: PROVE_SEED, or 1. The same seed draws the
// same faults; what processes do in the meantime may differ.
func Seed() uint64 {
	n, err := strconv.ParseUint(os.Getenv("PROVE_SEED"), 10, 64)
	if err != nil {
		return 1
	}
	return n
}

// Say adds a line to the log of the test, and to the report of `make prove`.
func Say(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	name := os.Getenv("PROVE_REPORT")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatalf("PROVE_REPORT: %v", err)
	}
	defer func() { _ = f.Close() }()
	if _, err := fmt.Fprintln(f, line); err != nil {
		t.Fatalf("PROVE_REPORT: %v", err)
	}
}
