package danaclient

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/payout"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"customerNumber":"62811742234"}`:             `{"customerNumber":"****234"}`,
		`number 0811742234 and 811742234`:              `number ****234 and ****234`,
		`+62811742234,`:                                `+****234,`,
		`62811742`:                                     `62811742`,
		`referenceNo 20261121000000000001, time 12:00`: `referenceNo 20261121000000000001, time 12:00`,
		`{"customerName":"Budi \"B\" Santoso","x":1}`:  `{"customerName":"****","x":1}`,
		`{"CustomerName" : "Budi"}`:                    `{"CustomerName" : "****"}`,
		`{"customerName":"Budi San`:                    `{"customerName":"****"`,
		`{"customerName":"Budi\`:                       `{"customerName":"****"`,
		`{"beneficiaryAccountNumber":"2460888509","beneficiaryAccountName":"BUDI"}`: `{"beneficiaryAccountNumber":"****","beneficiaryAccountName":"****"}`,
		`{"clientSecret":"s3","accessToken":"t0"}`:                                  `{"clientSecret":"****","accessToken":"****"}`,
		`{"customerId":"2166001234567","a":"b"}`:                                    `{"customerId":"****","a":"b"}`,
		`{"customerId":2166001234567,"a":"b"}`:                                      `{"customerId":"****","a":"b"}`,
		``:                                                                          ``,
	} {
		if got := string(mask([]byte(in))); got != want {
			t.Errorf("mask(%s) = %s, want %s", in, got, want)
		}
	}
}

// The cut comes after the masking: a phone number on the edge does not survive in part.
func TestKeepMasksBeforeItCuts(t *testing.T) {
	t.Parallel()
	got := string(keep([]byte(strings.Repeat("x", maxRaw-5)+"62811742234"), payout.Payout{}))
	if want := strings.Repeat("x", maxRaw-5) + "****2"; got != want {
		t.Errorf("ends with %q, want %q", got[maxRaw-10:], want[maxRaw-10:])
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Successful":            "Successful",
		"a\x1b[31mred\r\nb\x00": "a [31mred  b…",
		"héé":                   "héé",
		"123456789012":          "123456789012",
		"1234567890123":         "123456789012…",
		"":                      "",
		"not \xff utf-8":        "not � utf-8",
	} {
		if got := clean(in, 12); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}
