package danaclient

import (
	"context"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

var topUp = service{
	api: APITopUp, path: "/rest/v1.0/emoney/topup", legacyPath: "/v1.0/emoney/topup.htm", code: "38",
	purpose: moves, codes: topUpCodes, refField: "partnerReferenceNo", numberField: "referenceNo", read: readTopUp,
}

// topUpRequest is the body of Customer Top Up. It holds nothing that changes between
// attempts (no transactionDate): DANA answers 4043818 to a known reference with other
// content.
type topUpRequest struct {
	Ref            string         `json:"partnerReferenceNo"`
	CustomerNumber string         `json:"customerNumber"`
	Amount         money.Amount   `json:"amount"`
	Fee            money.Amount   `json:"feeAmount"`
	Notes          string         `json:"notes,omitempty"`
	Info           additionalInfo `json:"additionalInfo"`
}

// TopUp sends a payout (DANA, Customer Top Up). p is checked
// before it leaves (payout.Check, see Exchange.Err); externalID is fresh (NewExternalID) for every attempt and on record before the
// call. Sending the same payout again is safe: DANA pays a reference once.
func (c *Client) TopUp(ctx context.Context, externalID string, p payout.Payout) Exchange {
	x, _ := c.exchange(ctx, topUp.about(p), externalID, p.Ref, topUpBody(p), checkPayout(p, payout.TopUp))
	return x
}

func topUpBody(p payout.Payout) topUpRequest {
	return topUpRequest{
		Ref: p.Ref, CustomerNumber: customerNumber(p), Amount: p.Amount, Fee: p.Fee, Notes: p.Notes, Info: infoOf(p),
	}
}
