package danaclient

import (
	"context"
	"time"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

var bankTransferStatus = service{
	api: APIBankTransferStatus, path: "/v1.0/emoney/transfer-bank-status.htm", code: "00",
	purpose: asksStatus, codes: bankTransferStatusCodes, statusOf: "00", timeout: 4 * time.Second, amountOptional: true,
	refField: "originalPartnerReferenceNo", numberField: "originalReferenceNo", read: readStatus,
}

// bankTransferStatusCodes is DANA, Transfer to Bank Inquiry Status, response codes other
// than 2000000. As for top-ups, only "not found" says anything of the payout.
var bankTransferStatusCodes = map[string]meaning{
	"4000000": {kind: statemachine.Unknown, why: "bad_request"},
	"4000001": {kind: statemachine.Unknown, why: "invalid_field_format"},
	"4000002": {kind: statemachine.Unknown, why: "invalid_mandatory_field"},
	"4010000": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4010001": {kind: statemachine.Denied, why: statemachine.CredentialsRefused},
	"4040001": {kind: statemachine.NotFound, why: "transaction_not_found"},
	"4290000": {kind: statemachine.Throttled, why: "too_many_requests"},
	"5000001": {kind: statemachine.Unknown, why: "internal_server_error", fault: true},
}

// BankTransferStatus asks what became of a payout to a bank (DANA, Transfer to Bank Inquiry
// Status), for 4 s at most. It asks by p.Ref, the partnerReferenceNo of the transfer; what else p says is
// hidden in what is kept of the answer. externalID is this inquiry's own.
func (c *Client) BankTransferStatus(ctx context.Context, externalID string, p payout.Payout) Exchange {
	x, _ := c.exchange(ctx, bankTransferStatus.about(p), externalID, p.Ref,
		statusRequest{Ref: p.Ref, ServiceCode: bankTransferStatus.statusOf}, payout.CheckRef(p.Ref))
	return x
}
