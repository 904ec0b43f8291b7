package danaclient

import (
	"net/http"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// A name that is there twice may be read as either value, at any depth: the answer proves nothing, and is kept.
func TestAnswerThatSaysAThingTwiceProvesNothing(t *testing.T) {
	t.Parallel()
	const (
		paid   = `"referenceNo":"2026","partnerReferenceNo":"PAY-1","amount":{"value":"10000.00","currency":"IDR"}}`
		status = `{"responseCode":"2003900","originalPartnerReferenceNo":"PAY-1","serviceCode":"38","amount":{"value":"10000.00","currency":"IDR"}`
	)
	for name, test := range map[string]struct {
		service service
		body    string
	}{
		"code, the success last":   {topUp, `{"responseCode":"4033814","responseCode":"2003800",` + paid},
		"code, the refusal last":   {topUp, `{"responseCode":"2003800",` + strings.TrimSuffix(paid, "}") + `,"responseCode":"4033802"}`},
		"code, once in escapes":    {topUp, `{"\u0072esponseCode":"4033802","responseCode":"2003800",` + paid},
		"the same value":           {topUp, `{"responseCode":"2003800","responseCode":"2003800",` + paid},
		"reference":                {topUp, `{"responseCode":"2003800","partnerReferenceNo":"PAY-2",` + paid},
		"inside the amount":        {topUp, `{"responseCode":"2003800",` + strings.Replace(paid, `"value"`, `"value":"1.00","value"`, 1)},
		"inside what nobody reads": {topUp, `{"responseCode":"2003800","x":[{"y":1,"y":2}],` + paid},
		"status":                   {topUpStatus, status + `,"latestTransactionStatus":"00","latestTransactionStatus":"06"}`},
		"holder's name":            {bankAccountInquiry, `{"responseCode":"2004200","beneficiaryAccountName":"A","beneficiaryAccountName":"B"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := understood(test.service.classify(http.StatusOK, []byte(test.body), "PAY-1"), http.StatusOK, []byte(test.body), payout.Payout{})
			if x.Outcome != (statemachine.Outcome{Why: whyAmbiguous}) || !x.Fault || len(x.Raw) == 0 {
				t.Errorf("%+v", x)
			}
		})
	}

	balance := func(info, resources string) string {
		return `{"response":{"body":{"resultInfo":{` + info + `},"merchantResourceInformations":[` + resources + `]}}}`
	}
	const ok = `"resultStatus":"S","resultCodeId":"00000000"`
	for name, body := range map[string]string{
		"result":        balance(`"resultStatus":"F",`+ok, ""),
		"resource":      balance(ok, `{"resourceType":"A","resourceType":"B"}`),
		"two responses": `{"response":{},` + balance(ok, "")[1:],
	} {
		if v, list := classifyBalance(http.StatusOK, []byte(body), nil); v.Kind != statemachine.Unknown || v.Why != whyAmbiguous || list != nil {
			t.Errorf("balance, %s: %+v %v", name, v, list)
		}
	}
	// An amount is a document inside a text.
	if _, list := classifyBalance(http.StatusOK, []byte(balance(ok, `{"value":"{\"amount\":\"1\",\"amount\":\"2\",\"currency\":\"IDR\"}"}`)), nil); len(list) != 1 || list[0].Raw != "" {
		t.Errorf("amount: %+v", list)
	}
	// Another case is another name, as everywhere.
	if v, _ := classifyBalance(http.StatusOK, []byte(strings.Replace(balance(ok, ""), `"response"`, `"RESPONSE"`, 1)), nil); v.Kind == statemachine.Succeeded {
		t.Errorf("RESPONSE: %+v", v)
	}

	token := reply{status: http.StatusOK, answer: []byte(`{"responseCode":"4017300","responseCode":"2007300","accessToken":"t","expiresIn":"900"}`)}
	if got, _, failed := readToken(token); got != "" || failed == nil || !failed.Fault {
		t.Errorf("token %q, %+v", got, failed)
	}
	if _, wrong := readNotification([]byte(`{"originalPartnerReferenceNo":"PAY-1","latestTransactionStatus":"06","latestTransactionStatus":"00"}`)); wrong != notifyBad {
		t.Errorf("notify: %q", wrong)
	}
}
