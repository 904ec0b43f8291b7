package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/sandbox"
)

func show(list []sandbox.Request) (lines []string) {
	for _, r := range list {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(r.API, " ", r.Ref, " ", r.Signature, " ", r.Code, " ", r.Answer, " ", r.Status)), " "))
	}
	return lines
}

// Every request is on record, with what came of its signature and of itself; of a refused one the
// reference too, or whoever looks for it would not find it.
func TestRequestsAreOnRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plan(`{"behaviours":[{"ref":"R-2","preset":"pay_and_drop","times":1},{"ref":"R-5","preset":"throttle","times":1},{"ref":"R-6","preset":"html_paid","times":1},
		{"ref":"R-7","behaviour":{"sends":[{"pay":"pending","answer":"http_200"}]}}]}`)
	b.topUp("R-1", good, "10.00")
	b.topUp("R-2", good, "10.00")
	b.inquire("R-2")
	forged := request(topUpPath, topUpBody("R-3", good, "10.00"))
	forged.Header.Set("X-SIGNATURE", "eHl6")
	b.do(forged)
	bare := request(topUpPath, topUpBody("R-4", good, "10.00"))
	bare.Header.Del("X-TIMESTAMP")
	b.do(bare)
	b.topUp("R-5", good, "10.00")
	b.transfer("R-6", goodAccount, "10.00")
	b.topUp("R-7", good, "10.00")
	b.do(tokenRequest(grant))
	b.balance(balanceRequest, sign(balanceRequest))
	b.do(request(topUpPath, strings.Repeat("R", 70_000)))
	want := []string{
		"topup R-1 asymmetric 2003800 200",
		"topup R-2 asymmetric 2003800 drop 0",
		"topup-status R-2 asymmetric 2003900 200",
		"topup R-3 wrong 4013800 401",
		"topup R-4 4003802 400",
		"topup R-5 asymmetric 2003800 4293800 429",
		"transfer-bank R-6 asymmetric 2004300 html 502",
		"topup R-7 asymmetric 2023800 http_200 200",
		"access-token asymmetric 2007300 200",
		"queryMerchantResource openapi 00000000 200",
		"topup 4003800 400",
	}
	if got := show(b.Requests("", "")); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("on record:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	h := b.do(httptest.NewRequest(http.MethodGet, "/_sandbox/requests?ref=R-2&api=topup", nil))
	var got []sandbox.Request
	if err := json.Unmarshal([]byte(h.body), &got); err != nil || len(got) != 1 {
		t.Fatalf("%s: %v", h.body, err)
	}
	if r := got[0]; r.Ref != "R-2" || !strings.HasPrefix(r.ExternalID, "external-") || r.Path != topUpPath || r.At.IsZero() || r.Message != "Successful" {
		t.Errorf("%+v", r)
	}
	if n := len(b.Requests("", "topup")); n != 7 {
		t.Errorf("%d top-ups on record", n)
	}
	if h := b.do(httptest.NewRequest(http.MethodGet, "/_sandbox/requests?ref=R-99", nil)); strings.TrimSpace(h.body) != "[]" {
		t.Errorf("of an unknown reference: %s", h.body)
	}
}

// The record is bounded, in number and in what a client can put into it.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 10_005 { // without a signature, which would take long
		r := httptest.NewRequest(http.MethodPost, topUpPath, strings.NewReader(fmt.Sprintf(`{"partnerReferenceNo":"R-%d"}`, i)))
		r.Header.Set("X-EXTERNAL-ID", strings.Repeat("e", 1000))
		b.do(r)
	}
	kept := b.Requests("", "")
	if len(kept) != 10_000 || kept[0].Ref != "R-5" || kept[9_999].Ref != "R-10004" || len(kept[0].ExternalID) > 64 {
		t.Errorf("%d kept, %.20s to %.20s", len(kept), kept[0].Ref, kept[len(kept)-1].Ref)
	}
	long := httptest.NewRequest(http.MethodPost, topUpPath, strings.NewReader(`{"partnerReferenceNo":"`+strings.Repeat("R", 65)+`"}`))
	b.do(long)
	if last := b.Requests("", "")[9_999]; last.Ref != "" {
		t.Errorf("kept a reference of %d characters", len(last.Ref))
	}
}
