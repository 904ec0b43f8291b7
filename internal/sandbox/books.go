package sandbox

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
)

// Ceilings of DANA's sandbox.
var (
	maxTopUp  = money.Rupiah(20_000_000) // of one top-up
	maxWallet = money.Rupiah(21_000_000) // of a wallet after it
)

// books are everything that a reset forgets.
type books struct {
	opening    money.Amount
	deposit    money.Amount
	wallets    map[string]money.Amount
	credits    []Credit
	records    []*record // in the order of their first request
	byRef      map[string]*record
	late       []lateSend // by time of arrival
	issued     int        // DANA's reference numbers given out
	requests   map[string]int
	refusing   bool
	behaviours map[Target]*Behaviour
	counts     map[string]count // by API
	random     *Random          // nil for no random faults
	tokens     map[string]time.Time
	log        []Request

	day         string          // in Jakarta, of externalIDs
	externalIDs map[string]bool // strict mode: those of the day
}

// content is what must stay the same when a reference is sent again.
type content struct {
	bank        bool
	wallet      string
	amount, fee money.Amount
}

// number is the phone number or account number that the wallet stands for.
func (c content) number() string {
	if _, account, bank := strings.Cut(c.wallet, "/"); c.bank && bank {
		return account
	}
	return c.wallet
}

// record is what is known of one reference. Its status is statusNotFound as long as DANA would not know it.
type record struct {
	ref string
	content
	status      string
	then        string // see Send.Then
	referenceNo string
	credit      int // where it stands in credits, -1 for nowhere
	sends       int
	inquiries   int

	script      *Behaviour // the one that sent and asked count in
	sent, asked int

	first         reply     // what was answered to a transfer to a bank that was refused
	stored, ended time.Time // when it was booked, and when a turn ended it
	notify        *Notify   // what is told of its end; nil when nobody wants to know
}

// lateSend is a request that is under way to the books.
type lateSend struct {
	at   time.Time
	req  transfer
	step Send
}

func newBooks(deposit money.Amount) books {
	return books{
		opening: deposit, deposit: deposit, wallets: map[string]money.Amount{}, byRef: map[string]*record{},
		requests: map[string]int{}, behaviours: map[Target]*Behaviour{}, counts: map[string]count{}, tokens: map[string]time.Time{},
	}
}

// record finds a reference or opens a record for it.
func (b *books) record(ref string) *record {
	r := b.byRef[ref]
	if r == nil {
		r = &record{ref: ref, status: statusNotFound, credit: -1, content: content{amount: money.Rupiah(0), fee: money.Rupiah(0)}}
		b.byRef[ref] = r
		b.records = append(b.records, r)
	}
	return r
}

// due takes out the late sends that arrive by now, in the order of their arrival.
func (b *books) due(now time.Time) []lateSend {
	n := 0
	for n < len(b.late) && !b.late[n].at.After(now) {
		n++
	}
	due := b.late[:n:n]
	b.late = b.late[n:]
	return due
}

// refusal is why c cannot be paid: a cause and DANA's inner reason, or two empty texts. The merchant's balance
// is looked at before the limits: in DANA's sandbox a trillion is "Insufficient Fund".
func (b *books) refusal(c content) (cause, resultMsg string) {
	switch {
	case c.bank && bankAccounts[c.number()] != "":
		return bankAccounts[c.number()], ""
	case !c.bank && customers[c.wallet] != "":
		return doNotHonor, customers[c.wallet]
	case c.amount.Add(c.fee).Cents() > b.deposit.Cents():
		return noFunds, "BALANCE_NOT_ENOUGH"
	case c.bank:
		if c.amount.Cents() > maxTransfer.Cents() {
			return overLimit, ""
		}
	case c.amount.Cents() > maxTopUp.Cents(), c.amount.Cents() > b.room(c.wallet).Cents():
		return overLimit, "EXCEED_BALANCE_LIMIT"
	}
	return "", ""
}

func (b *books) wallet(name string) money.Amount { return money.Rupiah(0).Add(b.wallets[name]) }

// room is how much a wallet can still take.
func (b *books) room(name string) money.Amount { return maxWallet.Sub(b.wallet(name)) }

// issue gives r DANA's reference number, once.
func (b *books) issue(r *record, at time.Time) {
	if r.referenceNo == "" {
		b.issued++
		r.referenceNo = fmt.Sprintf("%s%029d", at.In(jakarta.Zone).Format("20060102"), b.issued)
	}
}

// pay moves the money of r, which refusal has let pass.
func (b *books) pay(r *record, at time.Time) {
	b.issue(r, at)
	r.status = statusPaid
	b.deposit = b.deposit.Sub(r.amount).Sub(r.fee)
	b.wallets[r.wallet] = b.wallet(r.wallet).Add(r.amount)
	r.credit = len(b.credits)
	b.credits = append(b.credits, Credit{Ref: r.ref, Customer: r.wallet, Amount: r.amount, Fee: r.fee, At: at})
}

// turn makes r what its behaviour said it would become.
func (b *books) turn(r *record, now time.Time) {
	then := r.then
	r.then, r.ended = "", now
	if (r.status == statusPaying || r.status == statusPending) && (then == statusPaid || then == statusRefunded) {
		// The deposit or the room may have gone since: then the payment fails like any other.
		if cause, _ := b.refusal(r.content); cause != "" {
			r.status = statusFailed
			return
		}
		b.pay(r, now)
	}
	if then == statusRefunded {
		// Amount and fee both come back: what DANA does with the fee is not documented.
		b.deposit = b.deposit.Add(r.amount).Add(r.fee)
		b.wallets[r.wallet] = b.wallet(r.wallet).Sub(r.amount)
		b.credits[r.credit].RefundedAt = now
	}
	r.status = then
}

func (b *books) state() State {
	st := State{
		Opening: b.opening, Deposit: b.deposit, Wallets: maps.Clone(b.wallets),
		Credits: append([]Credit{}, b.credits...), Transactions: []Transaction{}, // [] in JSON, and not null
		Requests: maps.Clone(b.requests), CredentialsRefused: b.refusing, Tokens: len(b.tokens),
	}
	for _, r := range b.records {
		st.Transactions = append(st.Transactions, Transaction{
			Ref: r.ref, Customer: r.wallet, Amount: r.amount, Fee: r.fee, Status: r.status,
			ReferenceNo: r.referenceNo, Sends: r.sends, Inquiries: r.inquiries, Notify: r.notify.clone(),
		})
	}
	return st
}
