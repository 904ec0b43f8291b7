package payout

import "testing"

func TestSameName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		given, bank string
		same        bool
	}{
		{"Budi Santoso", "BUDI SANTOSO", true},
		{"Budi  Santoso", "budi-santoso", true},
		{"BudiSantoso", "BUDI SANTOSO", true},
		{"Bpk. Budi Santoso", "BUDI SANTOSO", true},
		{"Budi Santoso", "SDR BUDI SANTOSO", true},
		{"H. Dr. Budi Santoso", "BUDI SANTOSO", true},
		{"PT Maju Jaya", "MAJU JAYA, PT.", false}, // only before the name
		{"PT. Maju Jaya", "PT MAJU JAYA", true},
		{"O'Neil", "ONEIL", true},
		{"Ir", "IR", true},
		{"Ir", "PT", false},
		{"", "BUDI SANTOSO", false},
		{"Budi Santoso", "", false},
		{"Budi Santoso", "**** *******", false},
		{"", "", false},
		{"-", "*", false},
		{"Budi Santoso", "BUDI SANTOS", false},
		{"Budi Santoso", "SANTOSO BUDI", false},
		{"Budi", "BUDI SANTOSO", false},
		{"Budi Santoso", "Siti Aminah", false},
		{"Café Senja", "CAFÉ SENJA", true},
		{"7 Saudara", "7 SAUDARA", true},
	} {
		if SameName(tt.given, tt.bank) != tt.same || SameName(tt.bank, tt.given) != tt.same {
			t.Errorf("%q and %q: same is not %t", tt.given, tt.bank, tt.same)
		}
	}
}
