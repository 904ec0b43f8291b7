package danaclient

import (
	"context"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

var accountInquiry = service{
	api: APIAccountInquiry, path: "/rest/v1.0/emoney/account-inquiry", code: "37",
	refField: "partnerReferenceNo", numberField: "referenceNo", read: readAccountInquiry,
}

// accountInquiryRequest is the body of Account Inquiry. It leaves out the optional
// partnerReferenceNo, so that an inquiry can never use up a payout's number.
type accountInquiryRequest struct {
	CustomerNumber string         `json:"customerNumber"`
	Amount         money.Amount   `json:"amount"`
	Info           additionalInfo `json:"additionalInfo"`
}

// AccountInquiry asks whether p could be paid (DANA, Account Inquiry). It moves no money, so
// it also serves to find out whether DANA accepts this merchant again.
func (c *Client) AccountInquiry(ctx context.Context, externalID string, p payout.Payout) Exchange {
	return c.exchange(ctx, accountInquiry, externalID, "", accountInquiryBody(p))
}

func accountInquiryBody(p payout.Payout) accountInquiryRequest {
	return accountInquiryRequest{CustomerNumber: customerNumber(p), Amount: p.Amount, Info: infoOf(p)}
}
