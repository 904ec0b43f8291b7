package sandbox

// topUp answers Customer Top Up (38).
func (s *Sandbox) topUp(in *body) (reply, Answer) {
	t := readTopUp(in)
	if rep := in.fault(topUpService); rep != nil {
		return rep, Normal
	}
	return s.transfer(t)
}

func readTopUp(b *body) transfer {
	t := transfer{service: topUpService, ref: b.must("partnerReferenceNo", 64)}
	number, wallet := b.payee()
	t.wallet = wallet
	t.amount = b.money("amount")
	b.check(t.amount.Positive(), "amount")
	t.fee = b.money("feeAmount")
	sessionID := b.may("sessionId", 25)
	b.date("transactionDate")
	b.may("notes", 255)
	b.may("additionalInfo.extendInfo", 4096)
	b.oneOf("additionalInfo.accountType", accountTypes...)
	t.echo = reply{"partnerReferenceNo": t.ref, "customerNumber": number, "sessionId": sessionID, "amount": t.amount}
	return t
}
