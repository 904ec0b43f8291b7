package api

import (
	"strings"
	"testing"
)

// A record that cannot be read is a problem of its own, which does not advise to repeat, and hides no other payout.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, ref := range []string{"A-0", "A-1", "A-2"} {
		b.post(pay(ref))
	}
	b.rdb.Set(t.Context(), "salur:{topup}:tx:A-1", `{"bad":1}`, 0)
	a := b.call("GET", "/v1/payouts/A-1", "")
	b.refused(a, unreadableRecord)
	if a.header.Get("Retry-After") != "" || strings.Contains(a.text, "strconv") || !strings.Contains(a.text, "damaged") {
		t.Errorf("%v %s", a.header, a.text)
	}
	b.refused(b.post(pay("A-1")), unreadableRecord)
	p := b.refused(b.post("["+pay("A-3")+","+pay("A-1")+"]"), unreadableRecord)
	if len(p.Errors) != 1 || *p.Errors[0].Index != 1 {
		t.Errorf("%+v", p)
	}
	b.refused(b.call("GET", "/v1/payouts/A-3", ""), notFound)
	if a := b.call("GET", "/v1/payouts", ""); !strings.Contains(a.text, `"unreadable":["A-1"]`) {
		t.Errorf("%s", a.text)
	}
	// Pages go on behind it.
	refs, next := b.page("?limit=1")
	for range 2 {
		var more string
		more, next = b.page("?limit=1&cursor=" + next)
		refs += more
	}
	if refs != "A-2 A-0 " || next != "" {
		t.Errorf("pages %q, then %q", refs, next)
	}
}
