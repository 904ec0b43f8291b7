package danaclient

import (
	"context"
	"encoding/json"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

var accountInquiry = service{
	api: APIAccountInquiry, path: "/rest/v1.0/emoney/account-inquiry", legacyPath: "/v1.0/emoney/account-inquiry.htm", code: "37",
	purpose: asksPayee, codes: accountInquiryCodes,
	refField: "partnerReferenceNo", numberField: "referenceNo", read: readAccountInquiry,
}

// accountInquiryRequest is the body of Account Inquiry. It leaves out the optional
// partnerReferenceNo, so that an inquiry can never use up a payout's number.
type accountInquiryRequest struct {
	CustomerNumber string         `json:"customerNumber"`
	Amount         money.Amount   `json:"amount"`
	Info           additionalInfo `json:"additionalInfo"`
}

// Standing is what an inquiry of an account proved of the account.
type Standing string

// The standings.
const (
	Valid   Standing = "valid"   // the account can take the amount
	Invalid Standing = "invalid" // DANA looked at the account, and it cannot
	Pending Standing = "pending" // no verdict: DANA did not look at the account, or did not say what it saw
)

// Account is what Account Inquiry told. Texts are DANA's, cleaned; amounts that it left out
// are the zero Amount.
type Account struct {
	Exchange
	Standing Standing
	// Name is the account holder's as DANA shows it, masked by DANA.
	Name string
	// Reason is DANA's inner reason of a refusal: PAYEE_USER_NOT_EXIST and
	// PAYEE_USER_STATUS_DISABLE share a code.
	Reason       string
	MonthlyLimit money.Amount // what the account may receive in a month
	Min, Max     money.Amount // what it can take at once
	Fee          money.Amount
	FeeType      string
}

// AccountInquiry asks whether p could be paid (DANA, Account Inquiry). It moves no money, so
// it also serves to find out whether DANA accepts this merchant again. p needs no reference.
//
// It is Valid only when the answer has the fields that DANA's page calls mandatory and is about this account.
func (c *Client) AccountInquiry(ctx context.Context, externalID string, p payout.Payout) Account {
	x, f := c.exchange(ctx, accountInquiry.about(p), externalID, "", accountInquiryBody(p), checkPayee(p, payout.TopUp))
	return tellAccount(x, f)
}

func tellAccount(x Exchange, f fields) Account {
	a := Account{Exchange: x, Standing: standing(x.Outcome), Reason: reason(f)}
	if a.Standing != Valid {
		return a
	}
	a.Name, a.FeeType = clean(text(f["customerName"]), 255), clean(text(f["feeType"]), 25)
	a.Min, a.Max, a.Fee = amount(f["minAmount"]), amount(f["maxAmount"]), amount(f["feeAmount"])
	a.MonthlyLimit = rupiah(f["customerMonthlyInLimit"])
	if a.MonthlyLimit == (money.Amount{}) {
		a.MonthlyLimit = rupiah(f["customerMonthlyLimit"]) // its name in DANA's table
	}
	return a
}

func accountInquiryBody(p payout.Payout) accountInquiryRequest {
	return accountInquiryRequest{CustomerNumber: customerNumber(p), Amount: p.Amount, Info: infoOf(p)}
}

// reason is additionalInfo.resultMsg.
func reason(f fields) string { return clean(text(info(f)["resultMsg"]), 64) }

// info is additionalInfo, empty when there is none.
func info(f fields) fields { return object(f["additionalInfo"]) }

// rupiah is a bare number of rupiah, as text or number; the zero Amount when it is none.
func rupiah(raw json.RawMessage) money.Amount {
	a, err := money.Parse(text(raw))
	if err != nil {
		return money.Amount{}
	}
	return a
}
