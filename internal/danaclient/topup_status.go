package danaclient

import "context"

var topUpStatus = service{
	api: APITopUpStatus, path: "/rest/v1.0/emoney/topup-status", code: "39",
	refField: "originalPartnerReferenceNo", numberField: "originalReferenceNo", read: readTopUpStatus,
}

// topUpStatusRequest is the body of Customer Top Up Inquiry Status.
type topUpStatusRequest struct {
	Ref         string `json:"originalPartnerReferenceNo"`
	ServiceCode string `json:"serviceCode"`
}

// TopUpStatus asks what became of a payout (DANA, Customer Top Up Inquiry Status). ref is
// the partnerReferenceNo of the top-up; externalID is this inquiry's own.
func (c *Client) TopUpStatus(ctx context.Context, externalID, ref string) Exchange {
	return c.exchange(ctx, topUpStatus, externalID, ref, topUpStatusRequest{Ref: ref, ServiceCode: topUp.code})
}
