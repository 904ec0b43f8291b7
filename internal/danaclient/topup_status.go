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

// TopUpStatus asks what became of a payout (DANA, Customer Top Up Inquiry Status). ref is
// the partnerReferenceNo of the top-up; externalID is this inquiry's own.
func (c *Client) TopUpStatus(ctx context.Context, externalID, ref string) Exchange {
	x, _ := c.exchange(ctx, topUpStatus, externalID, ref, statusRequest{Ref: ref, ServiceCode: topUpStatus.statusOf}, payout.CheckRef(ref))
	return x
}
