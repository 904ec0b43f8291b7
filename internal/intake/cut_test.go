package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/intake"
)

// A file that is cut off at any byte has no good row which the whole file has not, but for a last one that says so.
func TestCutOff(t *testing.T) {
	t.Parallel()
	const row = "A-%d,62811742234,1500000.50,\"of \"\"May\"\", 2026\"\n"
	text := "ref,customer,amount,notes\n" + fmt.Sprintf(row, 1) + fmt.Sprintf(row, 2) + fmt.Sprintf(row, 3)
	const line = `{"ref":"A-%d","customer":"62811742234","amount":1500000.50,"notes":"May"}` + "\n"
	lines := fmt.Sprintf(line, 1) + fmt.Sprintf(line, 2)
	for format, whole := range map[intake.Format]string{
		intake.CSV: text, intake.JSONL: lines,
		intake.Format("CSV with CRLF, semicolons and sep="): "sep=;\r\n" + strings.NewReplacer(",", ";", "\n", "\r\n").Replace(text),
	} {
		name := format
		if format != intake.JSONL {
			format = intake.CSV
		}
		all, err := read(whole, format)
		if err != nil || len(all) < 2 {
			t.Fatalf("%s: %v, %v", name, all, err)
		}
		for _, r := range all {
			if r.Err != nil || r.Unended {
				t.Errorf("%s: the whole file has %+v", name, r)
			}
		}
		unended := 0
		for end := range whole {
			rows, err := read(whole[:end], format)
			if err != nil && strings.Count(whole[:end], "\n") > 1 {
				t.Errorf("%s cut at %d: %v", name, end, err)
			}
			for i, r := range rows {
				switch {
				case r.Unended && (i != len(rows)-1 || format == intake.JSONL):
					t.Errorf("%s cut at %d: row %d of %d is unended", name, end, i+1, len(rows))
				case r.Unended:
					unended++
				case r.Err == nil && r != all[i]:
					t.Errorf("%s cut at %d: %+v is not in the whole file", name, end, r)
				}
			}
		}
		if format == intake.CSV && unended < 20 {
			t.Errorf("%s: %d rows are unended", name, unended)
		}
	}
}
