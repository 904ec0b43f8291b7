package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/salur-id/salur/internal/sandbox"
)

func TestAnswersThatAreOdd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		for ref, answer := range map[string]string{"SLOW": "slow", "EXTRA": "extra_fields", "MISSING": "missing_fields"} {
			b.plan(`{"behaviours":[{"ref":"` + ref + `","behaviour":{"sends":[{"answer":"` + answer + `"}]}}]}`)
			h := b.topUp(ref, good, "10.00")
			expectCode(t, h, "2003800")
			if missing := h.fields["partnerReferenceNo"] == nil; missing != (ref == "MISSING") {
				t.Errorf("%s: %s", ref, h.body)
			}
			if extra := h.fields["newField"] != nil; extra != (ref == "EXTRA") {
				t.Errorf("%s: %s", ref, h.body)
			}
		}
		b.plan(`{"behaviours":[{"ref":"OK","behaviour":{"sends":[{"pay":"pending","answer":"http_200"}]}}]}`)
		if h := b.topUp("OK", good, "10.00"); h.status != 200 || h.code() != "2023800" {
			t.Errorf("HTTP %d %s", h.status, h.body)
		}
	})
}

// Slow bytes come in ten parts over as long as a hang lasts, and are the whole truth in the end.
func TestSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.plan(`{"behaviours":[{"ref":"R-1","behaviour":{"sends":[{"times":1,"answer":"slow"}]}}]}`)
		start := time.Now()
		slow := b.topUp("R-1", good, "10.00")
		if took := time.Since(start); took != hang {
			t.Errorf("took %s", took)
		}
		if again := b.topUp("R-1", good, "10.00"); slow.body != again.body {
			t.Errorf("slowly %s, then %s", slow.body, again.body)
		}
	})
}

// The balance check has no responseCode; what it can be told to answer shows, the rest is refused.
func TestBalanceMisbehaves(t *testing.T) {
	t.Parallel()
	for answer, shows := range map[sandbox.Answer]string{"extra_fields": `"newField":1`, "missing_fields": `"body":{"merchantResourceInformations"`, "half_json": `{"response":{"body":{`, "html": "<html>"} {
		b := setup(t)
		if err := b.SetBehaviour(sandbox.Target{API: "queryMerchantResource"}, sandbox.Behaviour{Inquiries: []sandbox.Inquiry{{Answer: answer}}}); err != nil {
			t.Fatal(err)
		}
		if h := b.balance(balanceRequest, sign(balanceRequest)); !strings.Contains(h.body, shows) {
			t.Errorf("%s: %s", answer, h.body)
		}
	}
}

// A client that debugs is told more by a failed answer, scripted ones included, and no more by others.
func TestDebugMode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plan(`{"behaviours":[{"ref":"R-3","preset":"throttle","times":1}]}`)
	for _, tc := range []struct{ mode, ref, customer, debugMessage, resultMsg string }{
		{"1", "R-1", "628996647679", "Do Not Honor", "PAYEE_USER_STATUS_DISABLE"},
		{"true", "R-2", "628996647679", "Do Not Honor", "PAYEE_USER_STATUS_DISABLE"},
		{"true", "R-3", good, "Too Many Requests", ""},
		{"true", "R-4", good, "", ""},
		{"false", "R-5", "628996647679", "", "PAYEE_USER_STATUS_DISABLE"},
		{"", "R-6", "628996647679", "", "PAYEE_USER_STATUS_DISABLE"},
	} {
		r := request(topUpPath, topUpBody(tc.ref, tc.customer, "10.00"))
		r.Header.Set("X-Debug-Mode", tc.mode)
		h := b.do(r)
		expectField(t, h, "additionalInfo.debugMessage", tc.debugMessage)
		expectField(t, h, "additionalInfo.resultMsg", tc.resultMsg)
	}
	b.plan(`{"behaviours":[{"ref":"R-7","behaviour":{"sends":[{"answer":"missing_fields"}]}}]}`)
	r := request(topUpPath, topUpBody("R-7", "628996647679", "10.00"))
	r.Header.Set("X-Debug-Mode", "1")
	if h := b.do(r); len(h.fields) != 1 || h.code() != "4033805" {
		t.Errorf("missing_fields: %s", h.body)
	}
	bare := httptest.NewRequest(http.MethodPost, topUpPath, strings.NewReader("{}"))
	bare.Header.Set("X-Debug-Mode", "1")
	expectField(t, b.do(bare), "additionalInfo.debugMessage", "Invalid Mandatory Field X-TIMESTAMP")
}
