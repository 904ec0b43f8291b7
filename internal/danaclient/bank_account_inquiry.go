package danaclient

import (
	"context"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
)

var bankAccountInquiry = service{
	api: APIBankAccountInquiry, path: "/v1.0/emoney/bank-account-inquiry.htm", code: "42",
	purpose: asksPayee, codes: bankAccountInquiryCodes,
	refField: "partnerReferenceNo", numberField: "referenceNo", read: readBankAccountInquiry,
}

// bankAccountInquiryRequest is the body of Transfer to Bank Account Inquiry. Like Account
// Inquiry's it names no payout.
type bankAccountInquiryRequest struct {
	CustomerNumber string         `json:"customerNumber"`
	Account        string         `json:"beneficiaryAccountNumber"`
	Amount         money.Amount   `json:"amount"`
	Info           additionalInfo `json:"additionalInfo"`
}

// BankAccountInquiries is how often an inquiry of a bank account is made at most: once, and three retries. DANA's pages on 42
// and on 43 have the same words, "do a retry maximum 3 attempts", and both are read as three retries after the first.
const BankAccountInquiries = 1 + 3

// BankAccount is what Transfer to Bank Account Inquiry told. Texts are DANA's, cleaned;
// amounts that it left out are the zero Amount.
type BankAccount struct {
	Exchange     // the last one
	Attempts int // exchanges made, at most BankAccountInquiries
	Standing Standing
	// Name is the account holder's, as the bank has it.
	Name string
	// Reason is DANA's inner reason of a refusal.
	Reason                            string
	BankCode, BankName, BankShortName string
	Fee, Max                          money.Amount
}

// BankAccountInquiry asks whether p's bank account could be paid (DANA, Transfer to Bank
// Account Inquiry). p needs no reference.
//
// DANA's rule: when no answer comes it is asked again, up to three times, and then the
// inquiry is pending. It moves no money, so asking again is safe; each exchange has its
// own time and X-EXTERNAL-ID, and ctx ends them all.
func (c *Client) BankAccountInquiry(ctx context.Context, p payout.Payout) BankAccount {
	invalid := checkPayee(p, payout.Bank)
	for n := 1; ; n++ {
		x, f := c.exchange(ctx, bankAccountInquiry.about(p), NewExternalID(c.cfg.Now()), "", bankAccountInquiryBody(p), invalid)
		if x.Err != nil && invalid == nil && ctx.Err() == nil && n < BankAccountInquiries {
			continue
		}
		b := tellBankAccount(x, f)
		b.Attempts = n
		if invalid != nil {
			b.Attempts = 0
		}
		return b
	}
}

func tellBankAccount(x Exchange, f fields) BankAccount {
	b := BankAccount{Exchange: x, Standing: standing(x.Outcome), Reason: reason(f)}
	if b.Standing != Valid {
		return b
	}
	inner := info(f)
	b.Name = clean(text(f["beneficiaryAccountName"]), 255)
	b.BankCode, b.BankName = clean(text(f["beneficiaryBankCode"]), 8), clean(text(f["beneficiaryBankName"]), 255)
	b.BankShortName = clean(text(f["beneficiaryBankShortName"]), 255)
	b.Fee, b.Max = amount(inner["feeAmount"]), rupiah(inner["maxAmount"])
	return b
}

func bankAccountInquiryBody(p payout.Payout) bankAccountInquiryRequest {
	in := infoOf(p)
	in.BankCode = p.BankCode
	return bankAccountInquiryRequest{CustomerNumber: p.Customer, Account: p.Account, Amount: p.Amount, Info: in}
}
