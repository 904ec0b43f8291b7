package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// A record that cannot be read is named by every command, for what it is: lists leave nothing out in silence, and no act says
// that its outcome is not known.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateSucceeded)
	b.put(t, sm.StateReview)
	b.rdb.Set(t.Context(), "salur:{topup}:tx:succeeded", `{"bad":1}`, 0)
	b.rdb.Set(t.Context(), "salur:{topup}:tx:review", "1 w f\n{}\n{\"schema\":99}", 0)
	const runbook = "docs/runbooks/SalurUnreadableRecords.md"
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"export"}, {"list", "--limit", "1"}} {
		code, _, errs := b.run(t, args...)
		first, _, _ := strings.Cut(errs, "\n")
		if code != cli.Done || !strings.Contains(first, "left out") || !strings.Contains(first, "succeeded") || !strings.Contains(first, runbook) || strings.Contains(errs, "No payouts match") {
			t.Errorf("%q: exit %d, %q", args, code, errs)
		}
	}
	damaged := []string{`"succeeded"`, "cannot be read", "damaged", "nothing was changed", runbook}
	act := []string{"--reason", "test", "--by", "Sari"}
	for _, args := range [][]string{
		{"show", "succeeded"}, {"show", "succeeded", "--json"}, {"inquire", "succeeded"},
		append([]string{"resolve", "succeeded", "--as", "failed"}, act...), append([]string{"cancel", "succeeded"}, act...), {"evidence", "succeeded"},
	} {
		b.refused(t, cli.Internal, args, damaged...)
		if _, _, errs := b.run(t, args...); strings.Contains(errs, "not known") || strings.Contains(errs, "strconv") {
			t.Errorf("%q: %q", args, errs)
		}
	}
	b.refused(t, cli.Internal, []string{"show", "review"}, "a newer Salur wrote it", runbook)
}
