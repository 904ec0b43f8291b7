package sandbox

import (
	"cmp"

	"github.com/salur-id/salur/internal/money"
)

// accountInquiry answers Account Inquiry (37): what a top-up would be answered, no money moved.
func (s *Sandbox) accountInquiry(in *body) (reply, Answer) {
	ref := in.may("partnerReferenceNo", 64)
	number, wallet := in.payee()
	amount := in.money("amount")
	in.check(amount.Positive(), "amount")
	in.date("transactionDate")
	if rep := in.fault(accountInquiry); rep != nil {
		return rep, Normal
	}
	b, _ := s.open()
	defer s.mu.Unlock()
	cause, resultMsg := b.refusal(content{wallet: wallet, amount: amount, fee: money.Rupiah(0)})
	how := cmp.Or(b.nextAnswer(accountInquiry), inquiryNumbers[number])
	if cause == "" {
		cause = successful
	}
	rep := newReply(accountInquiry, cause, "").
		with("partnerReferenceNo", ref).
		with("customerNumber", number).
		because(resultMsg)
	if cause != successful {
		return rep, how
	}
	most := maxTopUp
	if room := b.room(wallet); room.Cents() < most.Cents() {
		most = room
	}
	return rep.
		with("customerName", "DNID sXX"). // masked, as DANA does; the same for everyone
		with("customerMonthlyInLimit", "20000000").
		with("minAmount", money.Rupiah(0)).
		with("maxAmount", most).
		with("amount", amount).
		with("feeAmount", money.Rupiah(0)).
		with("feeType", "Service fee"), how
}
