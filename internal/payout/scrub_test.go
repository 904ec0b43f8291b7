package payout

import "testing"

func TestScrubber(t *testing.T) {
	t.Parallel()
	s := Payout{
		Customer: "62811742234", CustomerID: "21660010001", Account: "2460888509",
		AccountName: `Budi O'Brien & Sons`, Notes: " gaji  Januari (2)", Ref: "PAY-1",
	}.Scrubber()
	for text, want := range map[string]string{
		"PAY-1 of 50000.00":                          "PAY-1 of 50000.00",
		"to 62811742234":                             "to ****234",
		"to 0811742234, +62 811-742-234":             "to 0****, +****234",
		"to +62&nbsp;811.742.234":                    "to +****234",
		"id 21660010001":                             "id ****001",
		"<td>2460888509</td>":                        "<td>****509</td>",
		"<td>2460 888 509, 246-088-8509</td>":        "<td>****509, ****509</td>",
		"budi o'brien & sons":                        "****",
		"<b>BUDI&nbsp;O&#39;BRIEN\n  &amp; SONS</b>": "<b>****</b>",
		"Budi O&apos;Brien &#38; Sons":               "****",
		`{"x":"Budi O'Brien \u0026 Sons"}`:           `{"x":"****"}`,
		"name=Budi+O%27Brien+%26+Sons&a=1":           "name=****&a=1",
		"Gaji Januari (2)":                           "****",
		"account 246":                                "account ****509",
		"account 2460 8":                             "account ****509",
		"name: budi o&#39;br":                        "name: ****",
		"24":                                         "24",
		"246 of them":                                "246 of them",
		"":                                           "",
	} {
		if got := s.Clean(text); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", text, got, want)
		}
	}
	// The literal that stands for a customer id names nobody, and one letter would be everywhere.
	if got := (Payout{Customer: ByCustomerID, Notes: "a"}).Scrubber().Clean("a 620000000000"); got != "a 620000000000" {
		t.Error(got)
	}
	if got := (Scrubber{}).Clean("as it is"); got != "as it is" {
		t.Error(got)
	}
}
