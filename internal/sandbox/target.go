package sandbox

import (
	"errors"
	"slices"
	"strings"
)

// Target is whose exchanges a behaviour is for. Exactly one is set. Of several that fit, the
// API's goes first, then the reference's, then the payee's.
type Target struct {
	Customer string `json:"customer,omitempty"` // whose top-ups: number or customerId
	Account  string `json:"account,omitempty"`  // whose transfers: bank code/account number
	Ref      string `json:"ref,omitempty"`      // a partnerReferenceNo
	// API is the last element of an API's path. Its script is counted over all its exchanges.
	// Of a sending API the Sends hold, of every other the Inquiries.
	API string `json:"api,omitempty"`
}

// apiNames are what a Target can have as its API: those that are sent to first.
var apiNames = []string{
	apiOf[topUpService], apiOf[transferService], apiOf[statusService], apiOf[bankStatusService],
	apiOf[accountInquiry], apiOf[bankInquiryService], tokenName, balanceAPI.name, merchantInfoAPI.name, assetCardsAPI.name,
}

func (t Target) sentTo() bool   { return slices.Contains(apiNames[:2], t.API) }
func (t Target) hasState() bool { return t.API == "" || slices.Contains(apiNames[2:4], t.API) }

func (t Target) validate() error {
	given := 0
	for _, v := range []string{t.Customer, t.Account, t.Ref, t.API} {
		if v != "" {
			given++
		}
	}
	code, account, ok := strings.Cut(t.Account, "/")
	switch {
	case given != 1:
		return errors.New("customer, account, ref, api: give exactly one of them")
	case t.API != "" && !slices.Contains(apiNames, t.API):
		return wrong("api", t.API, "use one of "+strings.Join(apiNames, ", "))
	case t.Account != "" && (!ok || code == "" || account == "" || strings.Contains(account, "/")):
		return wrong("account", t.Account, "use bank code and account number, such as 014/2460888509")
	}
	return nil
}
