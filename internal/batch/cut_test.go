package batch

import (
	"errors"
	"strings"
	"testing"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/intake"
)

// A last row that may be cut off is refused, unless it is on record already or the total of the file is known.
func TestLastRowCutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.client.Enqueue(t.Context(), salur.Payout{Ref: "K", Customer: "62811742234", Amount: salur.Rupiah(150)}); err != nil {
		t.Fatal(err)
	}
	const cut = "3 A refused  the file ends in this row, without a line end, so the row may be cut off; " +
		"check its last cells, then add a line end, or give what the whole file adds up to with --expect-total\n"
	for _, tc := range []struct {
		rows, last string
		total      bool
	}{
		{"A,62811742234,150", cut, false},
		{"A,62811742234,\"150\"", cut, false}, // the quote may be the first of two
		{"A,62811742234,150", "3 A skipped \n", true},
		{"A,62811742234,150\n", "3 A skipped \n", false},
		{"A,62811742234,150\r", "3 A skipped \n", false},
		{"K,62811742234,150", "3 K duplicate queued\n", false},
		{"B,62811742234,1500", "3 B duplicate \n", false},
		{"B,62811742234,15", clashOf("2 B", "B", 3) + clashOf("3 B", "B", 2), false},
	} {
		f := b.open("p.csv", header+"B,62811742234,1500\n"+tc.rows)
		f.TotalKnown = tc.total
		p := b.check(f)
		if got := b.show(p); !strings.HasSuffix(got, tc.last) {
			t.Errorf("%q: %s", tc.rows, got)
		}
		refused := strings.Contains(tc.last, "refused")
		if err := p.Tally().Refusal(true); refused && cli.CodeOf(err) != cli.Invalid || !refused && err != nil {
			t.Errorf("%q: %v", tc.rows, err)
		}
	}
	if p := b.check(b.open("p.jsonl", `{"ref":"A","customer":"62811742234","amount":150}`)); p.Tally().Refused != 0 {
		t.Error(b.show(p))
	}
}

func clashOf(row, ref string, line int) string {
	return row + " refused  ref \"" + ref + "\": line " + string(rune('0'+line)) + " has it with other content; give each payout a reference of its own\n"
}

// An empty file and a header alone are one thing: no payouts, which is refused unless it was expected.
func TestNoPayouts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	none, zero := int64(0), salur.Rupiah(0)
	for name, texts := range map[string][]string{
		"p.csv":   {"", "\n", "\xef\xbb\xbf", "sep=;\r\n", header, strings.TrimSpace(header), header + "\n,,\n"},
		"p.jsonl": {"", "\n", "\xef\xbb\xbf"},
	} {
		for _, text := range texts {
			p := b.check(b.open(name, text))
			err := p.Unexpected(Expect{})
			if !errors.Is(err, intake.ErrNoPayouts) || cli.CodeOf(err) != cli.Invalid ||
				err.Error() != "the file has no payouts; nothing was accepted (where that is right, say --expect-count 0)" {
				t.Errorf("%s %q: %v", name, text, err)
			}
			for _, right := range []Expect{{Count: &none}, {Total: &zero}} {
				if err := p.Unexpected(right); err != nil {
					t.Errorf("%s %q: %v", name, text, err)
				}
			}
		}
	}
}
