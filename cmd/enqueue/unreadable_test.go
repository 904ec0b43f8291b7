package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
)

// A reference whose record cannot be read is refused for certain, whichever way it comes, and nothing is changed.
func TestUnreadableRecordIsNotAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const key, bad = "salur:{topup}:tx:PAY-1", `{"bad":1}`
	b.rdb.Set(t.Context(), key, bad, 0)
	csv := "ref,customer,amount\nPAY-1,62811742234,10000\nPAY-2,62811742235,10000\n"
	for _, args := range [][]string{topUp("ref=PAY-1"), {"batch", "-", "--format", "csv"}, {"batch", "-", "--format", "csv", "--dry-run"}} {
		stdin := ""
		if args[0] == "batch" {
			stdin = csv
		}
		_, errs, code := b.run(t.Context(), stdin, args...)
		if code != cli.Conflict || !strings.Contains(errs, "there is a record under this reference that cannot be read") ||
			!strings.Contains(errs, "docs/runbooks/SalurUnreadableRecords.md") || strings.Contains(errs, "not known whether") || strings.Contains(errs, "strconv") {
			t.Errorf("%q: exit %d, %q", args, code, errs)
		}
	}
	if got := b.rdb.Get(t.Context(), key).Val(); got != bad {
		t.Errorf("the record is %q", got)
	}
	if n := b.rdb.Exists(t.Context(), "salur:{topup}:tx:PAY-2").Val(); n != 0 {
		t.Error("a row of a refused file was accepted")
	}
	_, _, code := b.run(t.Context(), csv, "batch", "-", "--format", "csv", "--continue-on-error")
	if n := b.rdb.Exists(t.Context(), "salur:{topup}:tx:PAY-2").Val(); n != 1 || code != cli.Conflict {
		t.Errorf("exit %d, the other row is on record: %d", code, n)
	}
}
