package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur"
)

func TestShow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// Every printable character, and those that a path could lose.
	var every strings.Builder
	for c := '!'; c <= '~'; c++ {
		every.WriteRune(c)
	}
	refs := []string{every.String()[:64], every.String()[64:], "a/b", "a//b", "/", "//", ".", "..", "a/../b", "%2F", "%", "?a=b", "#", "a+b", "{ref}", "healthz"}
	for _, ref := range refs {
		if a := b.post(pay(ref)); a.status != 201 {
			t.Fatalf("%s: %d %s", ref, a.status, a.text)
		}
		path := "/v1/payouts/" + strings.ReplaceAll(url.PathEscape(ref), ".", "%2E")
		a := b.call("GET", path, "")
		want, err := b.client.Get(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(want)
		var got, wanted any
		if json.Unmarshal([]byte(a.text), &got) != nil || json.Unmarshal(text, &wanted) != nil || cmp.Diff(wanted, got) != "" || a.status != 200 {
			t.Errorf("%s: %d %s, want %s", ref, a.status, a.text, text)
		}
		if strings.Contains(a.text, "62811742234") || !strings.Contains(a.text, "****234") {
			t.Errorf("not masked: %s", a.text)
		}
	}
	b.refused(b.call("GET", "/v1/payouts/NOBODY", ""), notFound)
	b.refused(b.call("GET", "/v1/payouts/%00%ff", ""), notFound)
}

func (b *bundle) page(query string) (refs, next string) {
	b.t.Helper()
	a := b.call("GET", "/v1/payouts"+query, "")
	var p struct {
		Transactions []struct{ Ref string }
		Next         string
	}
	if err := json.Unmarshal([]byte(a.text), &p); err != nil || a.status != 200 {
		b.t.Fatalf("%s: %d %s", query, a.status, a.text)
	}
	for _, tx := range p.Transactions {
		refs += tx.Ref + " "
	}
	return refs, p.Next
}

func TestList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if refs, next := b.page(""); refs != "" || next != "" {
		t.Errorf("of nothing: %q, %q", refs, next)
	}
	for i := range 5 {
		b.post(pay(fmt.Sprint("A-", i)))
	}
	first, next := b.page("?limit=2&state=queued")
	second, after := b.page("?limit=2&state=queued&cursor=" + next)
	third, last := b.page("?limit=2&state=queued&cursor=" + after)
	if got := first + second + third; len(strings.Fields(got)) != 5 || !strings.HasPrefix(got, "A-4") || last != "" {
		t.Errorf("%q, then %q", got, last)
	}
	if refs, _ := b.page("?state=failed"); refs != "" {
		t.Errorf("failed: %q", refs)
	}
	tx, err := b.client.Get(t.Context(), "A-2")
	if err != nil {
		t.Fatal(err)
	}
	at := url.QueryEscape(tx.CreatedAt.Format("2006-01-02T15:04:05.000Z07:00"))
	if refs, _ := b.page("?until=" + at); refs != "A-1 A-0 " {
		t.Errorf("until A-2: %q", refs)
	}
	if refs, _ := b.page("?since=" + at + "&cursor="); refs != "A-4 A-3 A-2 " {
		t.Errorf("since A-2: %q", refs)
	}
}

func TestListLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payouts := make([]salur.Payout, 1001)
	for i := range payouts {
		payouts[i] = salur.Payout{Ref: fmt.Sprint("A-", i), Customer: "62811742234", Amount: salur.Rupiah(1)}
	}
	if _, err := b.client.EnqueueAll(t.Context(), payouts); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"": 100, "?limit=1": 1, "?limit=1000": 1000} {
		refs, next := b.page(query)
		if n := len(strings.Fields(refs)); n != want || next == "" {
			t.Errorf("%s: %d, want %d; next %q", query, n, want, next)
		}
	}
}

func TestListBadQueries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const fixLimit = "use a whole number from 1 to 1000"
	for query, want := range map[string][]fault{
		"?limit=0":           {{nil, "limit", "0", fixLimit}},
		"?limit=1001":        {{nil, "limit", "1001", fixLimit}},
		"?limit=":            {{nil, "limit", "", fixLimit}},
		"?limit=x":           {{nil, "limit", "x", fixLimit}},
		"?state=paid":        {{nil, "state", "paid", "use queued, processing, pending, review, succeeded, failed or refunded"}},
		"?since=today":       {{nil, "since", "today", fixTime}},
		"?until=2026-11-21":  {{nil, "until", "2026-11-21", fixTime}},
		"?cursor=none":       {{nil, "cursor", "none", "use the one that the page before gave, as it is, or none for the first page"}},
		"?limit=1&limit=2":   {{nil, "limit", "1", "is there more than once; keep one"}},
		"?ref=A-1":           {{nil, "", "ref", "there is no such parameter; use state, since, until, limit and cursor"}},
		"?state=paid&from=x": {{nil, "", "from", "there is no such parameter; use state, since, until, limit and cursor"}, {nil, "state", "paid", "use queued, processing, pending, review, succeeded, failed or refunded"}},
		"?a=%zz":             {{Fix: "write name=value, with & between them, percent-encoded"}},
	} {
		if diff := cmp.Diff(want, b.refused(b.call("GET", "/v1/payouts"+query, ""), invalidQuery).Errors); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}
