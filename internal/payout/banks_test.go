package payout

import "testing"

func TestBankName(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"014": "BCA", "002": "BRI", "451": "BSI (ex Mandiri Syariah)", "949": "CTBC", "152": "Shinhan (Metro Express)",
		"213": "BTPN, Jenius", "116": "Aceh, Aceh Syariah", "031": "Citibank",
		"": "", "999": "", "14": "", "0140": "", "BCA": "",
	} {
		if got := BankName(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

// No code of DANA's list was lost or made up.
func TestBankNames(t *testing.T) {
	t.Parallel()
	if n := len(bankNames); n != 131 {
		t.Errorf("%d codes, want 131", n)
	}
	for code, name := range bankNames {
		if len(code) != 3 || !isDigits(code) || name == "" {
			t.Errorf("%q: %q", code, name)
		}
	}
}
