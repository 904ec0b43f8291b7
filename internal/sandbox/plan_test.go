package sandbox_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/sandbox"
)

func (b *testBundle) plan(json string) {
	b.t.Helper()
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/_sandbox/plan", strings.NewReader(json)))
	if rec.Code != http.StatusNoContent {
		b.t.Fatalf("HTTP %d %s", rec.Code, rec.Body)
	}
}

// A plan for a customer, a reference, an account and an API, in sequence.
func TestPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plan(`{"deposit":"100000.00","behaviours":[
		{"customer":"62811742234","behaviour":{"sends":[{"times":1,"pay":"never","answer":"500xx01"},{"times":1,"answer":"drop"}]}},
		{"ref":"R-9","preset":"throttle","times":1},
		{"account":"014/2460888509","preset":"pay_and_drop","times":1},
		{"api":"topup-status","behaviour":{"inquiries":[{"times":1,"answer":"html"},{"times":1,"answer":"429xx00"}]}},
		{"api":"account-inquiry","behaviour":{"inquiries":[{"times":1,"answer":"500xx01"}]}},
		{"api":"bank-account-inquiry","behaviour":{"inquiries":[{"times":2,"answer":"drop"}]}},
		{"api":"queryMerchantResource","behaviour":{"inquiries":[{"times":1,"answer":"empty"}]}},
		{"api":"access-token","behaviour":{"inquiries":[{"times":1,"answer":"500xx01"}]}}
	]}`)
	for _, want := range []string{"5003801", "closed", "2003800"} {
		expectCode(t, b.topUp("R-1", good, "10.00"), want)
	}
	expectCode(t, b.topUp("R-9", "6281234509876", "10.00"), "4293800")
	expectCode(t, b.topUp("R-9", "6281234509876", "10.00"), "2003800")
	expectCode(t, b.transfer("R-2", goodAccount, "10.00"), "closed")
	for _, want := range []string{"unreadable 502", "4293900", "00"} {
		if got := b.inquire("R-1").statusOf(); got != want {
			t.Errorf("inquiry: %s, want %s", got, want)
		}
	}
	expectCode(t, b.account(good, "10.00"), "5003701")
	expectCode(t, b.account(good, "10.00"), "2003700")
	for _, want := range []string{"closed", "closed", "2004200"} {
		expectCode(t, b.do(request(bankPath, bankInquiryBody(good, goodAccount, "10.00"))), want)
	}
	expectCode(t, b.do(tokenRequest(grant)), "5007301")
	expectCode(t, b.do(tokenRequest(grant)), "2007300")
	if h := b.do(httptest.NewRequest(http.MethodPost, "/dana/merchant/queryMerchantResource.htm", strings.NewReader("{}"))); h.body != "" || h.status != 200 {
		t.Errorf("balance: %d %s", h.status, h.body)
	}
	if st := b.books(); st.Opening.Value() != "100000.00" {
		t.Errorf("opening %s", st.Opening)
	}
}

// Whose turn it is when several fit: the API's script counts over all, then the reference's.
func TestAPIScriptCountsOverAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plan(`{"behaviours":[{"api":"topup","behaviour":{"sends":[{"times":2,"pay":"never","answer":"503xx00"}]}},{"ref":"R-2","preset":"throttle","times":1}]}`)
	expectCode(t, b.topUp("R-1", good, "10.00"), "5033800")
	expectCode(t, b.topUp("R-2", good, "10.00"), "5033800")
	expectCode(t, b.topUp("R-2", good, "10.00"), "4293800")
	expectCode(t, b.topUp("R-1", good, "10.00"), "2003800")
}

func TestPlanIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.State()
	for plan, want := range map[string]string{
		`{"behaviours":[{"ref":"R-1","preset":"throttle"},{"ref":"R-2","behaviour":{"sends":[{"pay":"twice"}]}}]}`: `behaviours[1].sends[0].pay "twice": use never`,
		`{"behaviours":[{"preset":"throttle"}]}`:                                                                         `behaviours[0].customer, account, ref, api: give exactly one of them`,
		`{"behaviours":[{"ref":"R-1","preset":"slow"}]}`:                                                                 `behaviours[0].preset "slow": use one of pay_and_hang`,
		`{"behaviours":[{"api":"top-up","preset":"throttle"}]}`:                                                          `behaviours[0].api "top-up": use one of topup, transfer-bank, `,
		`{"behaviours":[{"account":"2460888509","preset":"throttle"}]}`:                                                  `behaviours[0].account "2460888509": use bank code and account number`,
		`{"behaviours":[{"account":"014/","preset":"throttle"}]}`:                                                        `behaviours[0].account "014/": use bank code`,
		`{"behaviours":[{"account":"014/1/2","preset":"throttle"}]}`:                                                     `behaviours[0].account "014/1/2": use bank code`,
		`{"behaviours":[{"api":"topup-status","preset":"throttle"}]}`:                                                    `behaviours[0].sends: topup-status moves no money; use inquiries`,
		`{"behaviours":[{"api":"topup","behaviour":{"inquiries":[{"answer":"drop"}]}}]}`:                                 `behaviours[0].inquiries: topup is not asked; use sends`,
		`{"behaviours":[{"api":"access-token","behaviour":{"inquiries":[{"status":"00"}]}}]}`:                            `behaviours[0].inquiries[0].status "00": access-token tells of no status`,
		`{"behaviours":[{"api":"queryMerchantResource","behaviour":{"inquiries":[{"answer":"429xx00"}]}}]}`:              `behaviours[0].inquiries[0].answer "429xx00": queryMerchantResource has no responseCode`,
		`{"behaviours":[{"api":"queryMerchantResource","behaviour":{"inquiries":[{"answer":"foreign_ref"}]}}]}`:          `behaviours[0].inquiries[0].answer "foreign_ref": queryMerchantResource`,
		`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[{"notify":"never","notifyDelayMillis":5}]}}]}`:                `behaviours[0].sends[0].notifyDelayMillis "5"`,
		`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[{"notifyDelayMillis":86400001}]}}]}`:                          `behaviours[0].sends[0].notifyDelayMillis "86400001"`,
		`{"deposit":"5.00","behaviours":[{"customer":"62811742234","preset":"throttle"},{"ref":"R-2","preset":"sing"}]}`: `behaviours[1].preset "sing"`,
		`{"random":{"seed":1,"share":1.5}}`:                                                                              `random.share "1.5": use 0 to 1`,
		`{"random":{"seed":1,"share":1,"presets":["all"]}}`:                                                              `random.presets[0] "all": use one of`,
		`{"deposit":"1,000"}`: `deposit "1,000"`,
		`{"faults":[]}`:       `unknown field`,
		`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[{"notify":"often"}]}}]}`: `behaviours[0].sends[0].notify "often": use twice`,
	} {
		rec := httptest.NewRecorder()
		b.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/_sandbox/plan", strings.NewReader(plan)))
		if got := rec.Body.String(); rec.Code != http.StatusBadRequest || !strings.Contains(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %d %q, want one line with %q", plan, rec.Code, got, want)
		}
	}
	if diff := cmp.Diff(before, b.State(), cmp.Comparer(func(x, y money.Amount) bool { return x == y })); diff != "" {
		t.Errorf("a refused plan changed the state: %s", diff)
	}
	expectCode(t, b.topUp("R-1", good, "10.00"), "2003800")
	if _, err := sandbox.ReadPlan(strings.NewReader(`{"random":{"seed":7,"share":0.5}} {}`)); err == nil {
		t.Error("two documents are one plan")
	}
}

// The same seed gives each reference the same fault whatever the order; another seed others.
func TestRandomFaultsDependOnSeedAndReference(t *testing.T) {
	t.Parallel()
	// Each reference is sent three times; order shuffles all the sends of all references.
	const refs, sends = 60, 3
	faults := func(t *testing.T, seed int) map[string]string {
		met := map[string]string{}
		synctest.Test(t, func(t *testing.T) { // hangs take no real time in here
			b := setup(t)
			b.plan(fmt.Sprintf(`{"random":{"seed":%d,"share":0.5}}`, seed))
			for _, i := range rand.Perm(refs * sends) {
				ref := fmt.Sprint("R-", i%refs)
				if i%2 == 0 { // every other reference is a transfer: i and i%refs are odd or even alike
					met[ref] += b.transfer(ref, fmt.Sprint("5", i%refs), "10.00").answer() + " "
				} else {
					met[ref] += b.topUp(ref, fmt.Sprint("62812000", 1000+i%refs), "10.00").answer() + " "
				}
			}
			b.books()
		})
		return met
	}
	first, again, other := faults(t, 1), faults(t, 1), faults(t, 2)
	if !maps.Equal(first, again) {
		t.Error("the same seed gave other faults in another order")
	}
	good, differs := 0, 0
	for ref, met := range first {
		if met == "2003800 2003800 2003800 " || met == "2004300 2004300 2004300 " {
			good++
		}
		if met != other[ref] {
			differs++
		}
	}
	if good < 20 || good > 45 || differs < 15 {
		t.Errorf("%d of 60 met no fault at a share of one half, or refunds; %d met another one under another seed", good, differs)
	}
}
