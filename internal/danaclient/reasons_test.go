package danaclient

import (
	"testing"

	"github.com/salur-id/salur/internal/statemachine"
)

// Every reason that an exchange about a payout can yield is documented.
func TestEveryReasonIsDocumented(t *testing.T) {
	t.Parallel()
	whys := map[statemachine.Why]string{
		whyEmpty: "answer", whyTooLarge: "answer", whyUnreadable: "answer", whyAmbiguous: "answer", whyForeignAccount: "answer", whyForeignAmount: "answer", whyMalformedCode: "answer", whyForeignService: "answer", whyContradiction: "answer",
		whyUnlistedCode: "answer", whyUnlistedStatus: "answer", whyForeignReference: "answer", whyEchoMissing: "answer", whySubmitted: "answer",
		whyInvalid: "exchange", whyNotBuilt: "exchange", whyCancelled: "exchange", whyNotConnected: "exchange", whyConnectionLost: "exchange", whyTimeout: "exchange",
	}
	for _, codes := range []map[string]meaning{
		topUpCodes, topUpStatusCodes, accountInquiryCodes, bankTransferCodes, bankTransferStatusCodes, bankAccountInquiryCodes, snapCodes, statuses,
	} {
		for code, m := range codes {
			if m.why != "" {
				whys[m.why] = code
			}
		}
	}
	for why, where := range whys {
		if _, ok := statemachine.ReasonOf(string(why)); !ok {
			t.Errorf("reason %q of %s has no row in statemachine.Reasons", why, where)
		}
	}
}
