package danaclient

import (
	"context"

	"github.com/salur-id/salur/internal/payout"
)

var topUpStatus = service{
	api: APITopUpStatus, path: "/rest/v1.0/emoney/topup-status", legacyPath: "/v1.0/emoney/topup-status.htm", code: "39",
	purpose: asksStatus, codes: topUpStatusCodes, statusOf: "38",
	refField: "originalPartnerReferenceNo", numberField: "originalReferenceNo", read: readStatus,
}

// statusRequest is the body of both status inquiries.
type statusRequest struct {
	Ref         string `json:"originalPartnerReferenceNo"`
	ServiceCode string `json:"serviceCode"`
}

// TopUpStatus asks what became of a payout (DANA, Customer Top Up Inquiry Status). It asks by
// p.Ref, the partnerReferenceNo of the top-up; what else p says is hidden in what is kept of the answer. externalID is this
// inquiry's own.
func (c *Client) TopUpStatus(ctx context.Context, externalID string, p payout.Payout) Exchange {
	x, _ := c.exchange(ctx, topUpStatus.about(p), externalID, p.Ref, statusRequest{Ref: p.Ref, ServiceCode: topUpStatus.statusOf}, payout.CheckRef(p.Ref))
	return x
}
