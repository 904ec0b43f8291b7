package nearest_test

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	known := []string{"ref", "customer", "customerId", "amount", "notes"}
	for _, tc := range []struct{ word, want string }{
		{"customer", "customer"},
		{"custmer", "customer"},
		{"costumer", "customer"},
		{"CustomerID", "customerId"},
		{"customer_id", "customerId"},
		{"ammount", "amount"},
		{"note", "notes"},
		{"erf", "ref"},
		{"amuont", "amount"},
		{"phone", ""},
		{"re", ""},
		{"", ""},
		{strings.Repeat("x", 1000), ""},
	} {
		got, ok := nearest.Name(tc.word, known)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("Name(%q) = %q, %t, want %q", tc.word, got, ok, tc.want)
		}
	}
}
