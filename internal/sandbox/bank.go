package sandbox

import (
	"cmp"
	"crypto/rand"
	"fmt"

	"github.com/salur-id/salur/internal/money"
)

// What DANA's sandbox makes of certain bank accounts; any other account is a good one.
var bankAccounts = map[string]string{
	"81298055132": inactive,
	"815919191":   invalidAccount,
	"81398055100": inactive,
	"82298055100": suspectedFraud,
}

// invalidMerchantNumber is the customerNumber of a merchant that DANA's sandbox does not know.
const invalidMerchantNumber = "0855100800"

// maxTransfer is what 42 tells as maxAmount and 43 takes at once.
var maxTransfer = money.Rupiah(999_999_999)

// bankTransfer answers Transfer to Bank (43).
func (s *Sandbox) bankTransfer(in *body) (reply, Answer) {
	t := s.readBankTransfer(in)
	if rep := in.fault(transferService); rep != nil {
		return rep, Normal
	}
	return s.transfer(t)
}

// readBankTransfer: DANA calls the reference and the customer's number optional, and a body
// that lacks both and a mandatory field is told of the latter. The customer's number is the
// merchant's own, and DANA's fixtures have some that do not begin with 628.
func (s *Sandbox) readBankTransfer(b *body) transfer {
	t := transfer{service: transferService}
	b.may("customerNumber", 32)
	b.customerToken()
	t.content = content{bank: true, wallet: b.bankAccount("beneficiaryBankCode"), amount: b.money("amount"), fee: s.cfg.BankFee}
	b.check(t.amount.Positive(), "amount")
	b.accountType("accountType", 25)
	t.notify = b.flag("additionalInfo.needNotify")
	t.ref = b.must("partnerReferenceNo", 64) // the only key to ask by
	t.echo = reply{"partnerReferenceNo": t.ref}
	return t
}

// bankInquiry answers Transfer to Bank Account Inquiry (42): what a transfer would be
// answered, no money moved. Every answer repeats partnerReferenceNo. A refusal has no
// additionalInfo: DANA's fixtures show none, and dana-java knows none but feeAmount there.
func (s *Sandbox) bankInquiry(in *body) (reply, Answer) {
	ref := in.may("partnerReferenceNo", 64)
	number := in.customer()
	account := in.must("beneficiaryAccountNumber", 32)
	amount := in.money("amount")
	in.check(amount.Positive(), "amount")
	wallet := in.bankAccount("additionalInfo.beneficiaryBankCode")
	in.accountType("additionalInfo.accountType", 64)
	if rep := in.fault(bankInquiryService); rep != nil {
		return rep.with("partnerReferenceNo", ref), Normal
	}
	b, _ := s.open()
	defer s.mu.Unlock()
	cause, _ := b.refusal(content{bank: true, wallet: wallet, amount: amount, fee: s.cfg.BankFee})
	switch {
	case number == invalidMerchantNumber:
		cause = invalidMerchant
	case cause == suspectedFraud:
		cause = "" // it is a transfer that is suspected: DANA's table of this API has no such code
	}
	how := cmp.Or(b.nextAnswer(bankInquiryService), inquiryNumbers[account])
	if cause != "" {
		return newReply(bankInquiryService, cause, "").with("partnerReferenceNo", ref), how
	}
	return newReply(bankInquiryService, successful, "").
		with("partnerReferenceNo", ref).
		with("referenceNo", newUUID()).
		with("accountType", "SETTLEMENT_ACCOUNT").
		with("beneficiaryAccountNumber", account).
		with("beneficiaryAccountName", "ACCOUNT HOLDER"). // the same for everyone
		with("beneficiaryBankCode", in.may("additionalInfo.beneficiaryBankCode", 8)).
		with("beneficiaryBankShortName", "BANK").
		with("beneficiaryBankName", "PT BANK OF THE SANDBOX").
		with("amount", amount).
		with("additionalInfo", map[string]any{"feeAmount": s.cfg.BankFee, "maxAmount": maxTransfer.Cents() / 100}), how
}

// bankAccount reads the payee's account, code at codePath, and the rules that go with it. The wallet
// is bank code and account number: 014/2460888509.
func (b *body) bankAccount(codePath string) (wallet string) {
	account := b.must("beneficiaryAccountNumber", 32)
	code := b.must(codePath, 8)
	b.fundType("MERCHANT_WITHDRAW_FOR_CORPORATE")
	b.charge()
	b.may("additionalInfo.beneficiaryAccountName", 64)
	return code + "/" + account
}

// newUUID is a random UUID, version 4.
func newUUID() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // crypto/rand ends the program rather than fail
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
