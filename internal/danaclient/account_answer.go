package danaclient

import (
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// readAccountInquiry reads an answer of Account Inquiry. DANA's page calls customerNumber and customerName mandatory, and an
// answer without them a failed inquiry: a success without them proves nothing of the account. The number is compared with
// the one that was asked about, unless a customerId stood for it. The amount may be left out; it may not be another.
func readAccountInquiry(s service, a answer, _ string) verdict {
	v := s.listed(a)
	if v.Kind != statemachine.Succeeded {
		return v
	}
	number, p := text(a.fields["customerNumber"]), s.payout
	switch {
	case number == "", text(a.fields["customerName"]) == "":
		return a.unclear(statemachine.Unknown, whyEchoMissing)
	case p.CustomerID == "" && number != p.Customer:
		return a.unclear(statemachine.Unknown, whyForeignAccount)
	case !a.untold && a.amount != p.Amount:
		return a.unclear(statemachine.Unknown, whyForeignAmount)
	}
	return v
}

// readBankAccountInquiry reads an answer of Transfer to Bank Account Inquiry. DANA's page calls account number, account
// holder's name and amount mandatory, and an answer without one of them pending. The bank's code may be left out.
//
// No reference is compared, since none is sent: DANA may give the inquiry a number of its own.
func readBankAccountInquiry(s service, a answer, _ string) verdict {
	v := s.listed(a)
	if v.Kind != statemachine.Succeeded {
		return v
	}
	account, code, p := text(a.fields["beneficiaryAccountNumber"]), text(a.fields["beneficiaryBankCode"]), s.payout
	switch {
	case account == "", text(a.fields["beneficiaryAccountName"]) == "", a.amount == money.Amount{}:
		return a.unclear(statemachine.Unknown, whyEchoMissing)
	case account != p.Account, code != "" && code != p.BankCode:
		return a.unclear(statemachine.Unknown, whyForeignAccount)
	case a.amount != p.Amount:
		return a.unclear(statemachine.Unknown, whyForeignAmount)
	}
	return v
}

// standing is what an outcome proves of the account. Only a refusal that names the account as its cause is one of the
// account; every other says that DANA did not get as far as looking at it, or does not tell.
func standing(o statemachine.Outcome) Standing {
	switch {
	case o.Kind == statemachine.Succeeded:
		return Valid
	case o.Kind == statemachine.Refused && o.Why.PayeeCause():
		return Invalid
	}
	return Pending
}
