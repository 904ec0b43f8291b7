package sandbox

import "cmp"

// apiOf names the APIs by their service codes, as targets and in the state.
var apiOf = map[string]string{
	accountInquiry: "account-inquiry", topUpService: "topup", statusService: "topup-status",
	bankInquiryService: "bank-account-inquiry", transferService: "transfer-bank", bankStatusService: "transfer-bank-status",
	tokenService: tokenName,
}

// count is how far an API's own script has come.
type count struct{ sends, inquiries int }

// nextSend is what the next send of r meets: a step of the API's own script, or else of the
// script that holds for r.
func (b *books) nextSend(r *record, api string) Send {
	if script := b.behaviours[Target{API: api}]; script != nil {
		if st, covered := step(script.Sends, b.counts[api].sends); covered {
			b.counts[api] = count{b.counts[api].sends + 1, b.counts[api].inquiries}
			return st
		}
	}
	b.follow(r)
	st, _ := step(r.script.Sends, r.sent)
	r.sent++
	return st
}

// nextInquiry is the same for a status inquiry; covered says that a step of a script holds.
func (b *books) nextInquiry(r *record, service string) (st Inquiry, covered bool) {
	if st, covered = b.nextOfAPI(apiOf[service]); covered {
		return st, true
	}
	b.follow(r)
	st, covered = step(r.script.Inquiries, r.asked)
	r.asked++
	return st, covered
}

// nextAnswer is the same for what is no transaction's.
func (b *books) nextAnswer(service string) Answer {
	st, _ := b.nextOfAPI(apiOf[service])
	return st.Answer
}

func (b *books) nextOfAPI(api string) (st Inquiry, covered bool) {
	script := b.behaviours[Target{API: api}]
	if script == nil {
		return st, false
	}
	if st, covered = step(script.Inquiries, b.counts[api].inquiries); covered {
		b.counts[api] = count{b.counts[api].sends, b.counts[api].inquiries + 1}
	}
	return st, covered
}

// follow puts r on the script that holds for it now: its reference's, its payee's, the
// number's built-in one, a random one, or none. A script that is new to r begins at its
// beginning.
func (b *books) follow(r *record) {
	payee := Target{Customer: r.wallet}
	if r.bank {
		payee = Target{Account: r.wallet}
	}
	script := cmp.Or(b.behaviours[Target{Ref: r.ref}], b.behaviours[payee], builtIn[r.number()], b.random.pick(r.ref), goodCustomer)
	if r.script != script {
		r.script, r.sent, r.asked = script, 0, 0
	}
}
