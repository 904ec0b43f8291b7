package sandbox_test

import (
	"testing"
	"time"
)

// A number that DANA has forgotten is a new one to it, and whoever sends it again pays again: the books say so.
func TestForgottenNumberIsPaidAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := setupAt(t, func() time.Time { return now })
	expectCode(t, b.topUp("OLD", good, "1000.00"), "2003800")
	now = now.Add(time.Hour)
	expectCode(t, b.topUp("NEW", good, "1000.00"), "2003800")

	b.Forget(now)
	if got := b.inquire("OLD").statusOf(); got != "4043901" {
		t.Errorf("the status of a forgotten number is %s", got)
	}
	if got := b.inquire("NEW").statusOf(); got != "00" {
		t.Errorf("the status of a newer number is %s", got)
	}
	b.books() // the credit stays

	expectCode(t, b.topUp("NEW", good, "1000.00"), "2003800")
	expectCode(t, b.topUp("OLD", good, "1000.00"), "2003800")
	st := b.State()
	if n := len(st.Credits); n != 3 {
		t.Errorf("%d credits, want NEW once and OLD twice", n)
	}
	if st.Check() == nil {
		t.Error("the books do not say that a reference was credited twice")
	}
}
