package jakarta

import (
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	got := Format(time.Date(2026, 12, 31, 20, 15, 0, 999, time.UTC))
	if got != "2027-01-01T03:15:00+07:00" || len(got) != 25 {
		t.Errorf("%q", got)
	}
}
