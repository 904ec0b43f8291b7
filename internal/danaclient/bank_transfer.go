package danaclient

import (
	"context"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

var bankTransfer = service{
	api: APIBankTransfer, path: "/v1.0/emoney/transfer-bank.htm", code: "43",
	purpose: moves, codes: bankTransferCodes,
	refField: "partnerReferenceNo", numberField: "referenceNo", read: readBankTransfer,
}

// bankTransferRequest is the body of Transfer to Bank. DANA calls the reference optional;
// it is the only key to ask or to send again by, so it is always there. Like a top-up's the
// body is the same bytes for every attempt.
type bankTransferRequest struct {
	Ref            string         `json:"partnerReferenceNo"`
	CustomerNumber string         `json:"customerNumber"`
	Account        string         `json:"beneficiaryAccountNumber"`
	BankCode       string         `json:"beneficiaryBankCode"`
	Amount         money.Amount   `json:"amount"`
	Info           additionalInfo `json:"additionalInfo"`
}

// BankTransfer sends a payout to a bank account (DANA, Transfer to Bank). p is checked
// before it leaves (payout.Check, see Exchange.Err); externalID is fresh (NewExternalID) for every
// attempt and on record before the call. Its normal end is InProgress: the bank's result is
// learned by BankTransferStatus.
func (c *Client) BankTransfer(ctx context.Context, externalID string, p payout.Payout) Exchange {
	return c.BankTransferAs(ctx, externalID, p, c.cfg.NeedNotify)
}

// BankTransferAs is BankTransfer with needNotify as the payout's first attempt had it, whatever is configured now.
func (c *Client) BankTransferAs(ctx context.Context, externalID string, p payout.Payout, needNotify bool) Exchange {
	x, _ := c.exchange(ctx, bankTransfer.about(p), externalID, p.Ref, bankTransferBody(p, needNotify), checkPayout(p, payout.Bank))
	return x
}

func bankTransferBody(p payout.Payout, needNotify bool) bankTransferRequest {
	in := infoOf(p)
	in.NeedNotify = needNotify
	return bankTransferRequest{
		Ref: p.Ref, CustomerNumber: p.Customer, Account: p.Account, BankCode: p.BankCode, Amount: p.Amount, Info: in,
	}
}
