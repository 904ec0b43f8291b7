package batch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, p := range []salur.Payout{
		{Ref: "K1", Customer: "62811742231", Amount: salur.Rupiah(700)}, {Ref: "K2", Customer: "62811742231", Amount: salur.Rupiah(700)},
		{Ref: "TAKEN", Customer: "62811742239", Amount: salur.Rupiah(700)},
	} {
		if _, err := b.client.Enqueue(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	const topups, banks = "ref,customer,amount,fee\n", "ref,kind,customer,amount,bankCode,account\n"
	// n rows to different payees, that end in a column for the amount and the fee.
	row := func(ref string, n int, rest string) string { return fmt.Sprintf("%s,6281174223%d,%s\n", ref, n, rest) }
	for name, tc := range map[string]struct{ file, want string }{
		"nothing":            {topups + row("A", 1, "100,"), ""},
		"different":          {topups + row("A", 1, "100,") + row("B", 2, "250,"), "amounts: least IDR 100.00 (line 2), greatest IDR 250.00 (line 3)\n"},
		"fees are no amount": {topups + row("A", 1, "100,90.00") + row("B", 2, "250,"), "amounts: least IDR 100.00 (line 2), greatest IDR 250.00 (line 3)\n"},
		"not whole rupiah": {topups + row("A", 1, "1.5,") + row("B", 2, "2.50,0.25") + row("C", 3, "9,0.05"),
			"amounts: least IDR 1.50 (line 2), greatest IDR 9.00 (line 4)\n3 payouts not in whole rupiah: line 2 (IDR 1.50), line 3 (IDR 2.50), line 4 (a fee of IDR 0.05)\n"},
		"lines are the file's": {topups + "\n,,,\nA,628117422311,1,\n\n" + row("B", 2, "2,"), "amounts: least IDR 1.00 (line 4), greatest IDR 2.00 (line 6)\n"},
		"one payee": {topups + row("A", 1, "1,") + row("B", 2, "7,") + row("C", 1, "3,") + row("D", 1, "3,"),
			"amounts: least IDR 1.00 (line 2), greatest IDR 7.00 (line 3)\n1 payout with the look of a row of totals: line 3 (its amount is that of all others together)\n" +
				"2 payouts to a payee of an earlier row: line 4 (as line 2), line 5 (as line 4, the same amount)\n"},
		"one payee by its own id": {"ref,customer,customerId,amount\nA,620000000000,216610000000001,1\nB,620000000000,216610000000002,1\nC,620000000000,216610000000001,5\n",
			"amounts: least IDR 1.00 (line 2), greatest IDR 5.00 (line 4)\n1 payout to a payee of an earlier row: line 4 (as line 2)\n"},
		"one account": {banks + "A,bank,62811742234,1,014,2460888509\nB,bank,62811742234,1,014,2460888500\nC,bank,62811742234,5,002,2460888509\nD,bank,62811742234,1,014,2460888509\nE,,62811742234,1,,\n",
			"amounts: least IDR 1.00 (line 2), greatest IDR 5.00 (line 4)\n1 payout to a payee of an earlier row: line 5 (as line 2, the same amount)\n"},
		"a repetition is one payout":    {topups + row("A", 1, "1,") + row("A", 1, "1,"), ""},
		"accepted before":               {topups + row("K1", 1, "700,") + row("K2", 1, "700,"), ""},
		"one of them accepted before":   {topups + row("K1", 1, "700,") + row("C", 1, "700,"), "1 payout to a payee of an earlier row: line 3 (as line 2, the same amount)\n"},
		"one of them refused":           {topups + row("TAKEN", 1, "1,") + row("C", 1, "1,"), ""},
		"a total":                       {topups + row("A", 1, "100,") + row("B", 2, "200,") + row("C", 3, "300,"), "amounts: least IDR 100.00 (line 2), greatest IDR 300.00 (line 4)\n1 payout with the look of a row of totals: line 4 (its amount is that of all others together)\n"},
		"a total of amounts and fees":   {topups + row("A", 1, "100,5") + row("B", 2, "200,5") + row("C", 3, "310,"), "amounts: least IDR 100.00 (line 2), greatest IDR 310.00 (line 4)\n1 payout with the look of a row of totals: line 4 (its amount is that of all others together)\n"},
		"a total of what was accepted":  {topups + row("K1", 1, "700,") + row("B", 2, "50,") + row("C", 3, "750,"), "amounts: least IDR 50.00 (line 3), greatest IDR 750.00 (line 4)\n1 payout with the look of a row of totals: line 4 (its amount is that of all others together)\n"},
		"two equal ones are no total":   {topups + row("A", 1, "1,") + row("B", 2, "1,"), "amounts: least IDR 1.00 (line 2), greatest IDR 1.00 (line 2)\n"},
		"a total by its name":           {topups + row("Total", 1, "100,") + row("GRAND-TOTAL:", 2, "200,") + row("JUMLAH-5", 3, "400,") + row("SUMBA-5", 4, "400,"), "amounts: least IDR 100.00 (line 2), greatest IDR 400.00 (line 4)\n3 payouts with the look of a row of totals: line 2 (by its reference), line 3 (by its reference), line 4 (by its reference)\n"},
		"references by their case":      {topups + row("Pay-1", 1, "1,") + row("PAY-2", 2, "1,") + row("PAY-1", 3, "9,") + row("pay-1", 4, "9,"), "amounts: least IDR 1.00 (line 2), greatest IDR 9.00 (line 4)\n2 payouts with a reference that differs from an earlier one in upper and lower case only, so that both are paid: "},
		"references by case, on record": {topups + row("K1", 1, "700,") + row("k1", 2, "1,"), "1 payout with a reference that differs from an earlier one in upper and lower case only, so that both are paid: line 3 (as line 2)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.check(b.open("p.csv", tc.file))
			warnings, err := p.Warnings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := p.Amounts()
			if got != "" {
				got += "\n"
			}
			for _, w := range warnings {
				got += w + "\n"
			}
			if strings.HasSuffix(tc.want, ": ") && strings.HasPrefix(got, tc.want) { // three variants: in which order is the hash's
				return
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// However much there is to warn of, a warning names the first lines, counts the others, and needs memory for the former alone.
func TestWarningsAreBounded(t *testing.T) {
	b := setup(t)
	const n = 50_000
	var text strings.Builder
	text.WriteString(header)
	for i := range n {
		fmt.Fprintf(&text, "PAY-%06d,62811742234,1.50\npay-%06d,62811742234,1.50\n", i, i)
	}
	p := b.check(b.open("p.csv", text.String()))
	warnings, err := p.Warnings(t.Context())
	if err != nil || len(warnings) != 3 {
		t.Fatalf("%q, %v", warnings, err)
	}
	for i, want := range []struct{ start, end string }{
		{"100000 payouts not in whole rupiah: line 2 (IDR 1.50), line 3 (IDR 1.50), ", ", line 11 (IDR 1.50), and 99990 more"},
		{"50000 payouts with a reference that differs from an earlier one in upper and lower case only, so that both are paid: line 3 (as line 2), line 5 (as line 4), ", ", line 21 (as line 20), and 49990 more"},
		{"99999 payouts to a payee of an earlier row: line 3 (as line 2, the same amount), line 4 (as line 3, the same amount), ", ", and 99989 more"},
	} {
		if w := warnings[i]; !strings.HasPrefix(w, want.start) || !strings.HasSuffix(w, want.end) {
			t.Errorf("%q", w)
		}
	}
	var found pairs
	for row := uint32(n); row > 0; row-- {
		found.add(pair{row, row - 1})
		if len(found.kept) > 100*linesNamed {
			t.Fatalf("%d pairs are kept", len(found.kept))
		}
	}
	if found.trim(); found.n != n || len(found.kept) != linesNamed || found.kept[0].row != 1 || found.kept[linesNamed-1].row != linesNamed {
		t.Errorf("%d, kept %v", found.n, found.kept)
	}
}

// References with one hash are no variants of each other until they are compared.
func TestWarningsCompareReferences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.open("p.csv", header+"A,62811742231,1\nB,62811742232,2\nb,62811742233,4\n")
	p, err := check(t.Context(), b.client, f, nil, func(text string) uint64 { return uint64(text[0]) })
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Warnings(t.Context())
	if err != nil || len(got) == 0 || !strings.HasPrefix(got[0], "1 payout with a reference") || !strings.HasSuffix(got[0], ": line 4 (as line 3)") {
		t.Errorf("%q, %v", got, err)
	}
}
