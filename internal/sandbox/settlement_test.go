package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func TestSettlement(t *testing.T) {
	t.Parallel()
	at := func(hours int) time.Time { return time.Date(2026, 3, 1, hours, 0, 0, 0, jakarta.Zone).UTC() }
	st := sandbox.State{Credits: []sandbox.Credit{
		{Ref: "LATER", Customer: "62811742234", Amount: money.Rupiah(20_000_000), Fee: money.FromCents(55550), At: at(24)},
		{Ref: "BANK", Customer: "014/2460888509", Amount: money.FromCents(1_000_055), Fee: money.Rupiah(0), At: at(9)},
		{Ref: "BACK", Customer: "62811742234", Amount: money.Rupiah(5), Fee: money.Rupiah(1), At: at(0), RefundedAt: at(25)},
	}}
	const header = "REQUEST_ID,FUND_AMOUNT,FUND_AMOUNT_CURRENCY,CHARGE_AMOUNT,FEE,WHT,VAT,PAID_TOTAL_AMOUNT,PAYER_ROLE_ID,DEPOSIT_ACCOUNT_NO,MERCHANT_NAME,TRANSACTION_DATE,SOURCE,REPORT_DATE,BENEFICIARY_BANK_ACCOUNT,BENEFICIARY_BANK_NAME\n"
	const first = "BACK,5.0,IDR,1.0,1.0,0.0,0.0,6.0,MID,20070000000000000001,Sandbox,20260301 00:00:00,Sandbox,20260303,,\n" +
		"BANK,10000.55,IDR,0.0,0.0,0.0,0.0,10000.55,MID,20070000000000000001,Sandbox,20260301 09:00:00,Sandbox,20260303,****8509,BANK OF THE SANDBOX\n"
	const second = "LATER,20000000.0,IDR,555.5,555.5,0.0,0.0,20000555.5,MID,20070000000000000001,Sandbox,20260302 00:00:00,Sandbox,20260303,,\n" +
		"BACK,-5.0,IDR,-1.0,-1.0,0.0,0.0,-6.0,MID,20070000000000000001,Sandbox,20260302 01:00:00,Sandbox,20260303,,\n"
	for day, want := range map[time.Time]string{
		{}:                          header + first + second,
		at(0).In(jakarta.Zone):      header + first,
		at(24).In(jakarta.Zone):     header + second,
		at(24 * 9).In(jakarta.Zone): header,
	} {
		var got strings.Builder
		if err := st.Settlement(&got, "MID", day, at(50)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", day, diff)
		}
	}
}

func TestSettlementOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expectCode(t, b.topUp("R-1", good, "1.00"), "2003800")
	h := b.do(httptest.NewRequest(http.MethodGet, "/_sandbox/settlement", nil))
	if h.status != http.StatusOK || strings.Count(h.body, "\n") != 2 || !strings.Contains(h.body, "\nR-1,1.0,IDR,1.0,1.0,0.0,0.0,2.0,") {
		t.Errorf("%d %s", h.status, h.body)
	}
	if h := b.do(httptest.NewRequest(http.MethodGet, "/_sandbox/settlement?day=2001-01-01", nil)); strings.Count(h.body, "\n") != 1 {
		t.Errorf("of a day without payouts: %s", h.body)
	}
	if h := b.do(httptest.NewRequest(http.MethodGet, "/_sandbox/settlement?day=today", nil)); h.status != http.StatusBadRequest || !strings.HasPrefix(h.body, "day ") {
		t.Errorf("of no day: %d %s", h.status, h.body)
	}
}
