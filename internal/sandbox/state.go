package sandbox

import (
	"fmt"
	"time"

	"github.com/salur-id/salur/internal/money"
)

// State is a copy of the books. Customer numbers stand in it in full: here they are fictitious.
type State struct {
	// Opening is what the merchant has put in: the opening deposit and every later change to it.
	Opening money.Amount `json:"opening"`
	// Deposit is what is left of it.
	Deposit money.Amount `json:"deposit"`
	// Wallets is what each payee has received, by customer number, customerId, or bank code and
	// account number (014/2460888509).
	Wallets map[string]money.Amount `json:"wallets"`
	// Credits is every payment in the order they were made; refunded ones stay.
	Credits []Credit `json:"credits"`
	// Transactions is every reference that was sent (or asked about while it had a behaviour of its
	// own), in the order of their first request.
	Transactions []Transaction `json:"transactions"`
	// Requests is how many requests reached each API, refused ones included: account-inquiry,
	// topup, topup-status, bank-account-inquiry, transfer-bank, transfer-bank-status,
	// access-token, queryMerchantResource, queryMerchantInfo, queryAssetCardList. See Sandbox.Requests for each of them.
	Requests map[string]int `json:"requests"`
	// Tokens is how many access tokens are valid.
	Tokens             int  `json:"tokens"`
	CredentialsRefused bool `json:"credentialsRefused"`
}

// Credit is one payment into a wallet.
type Credit struct {
	Ref        string       `json:"ref"`
	Customer   string       `json:"customer"` // as in Wallets
	Amount     money.Amount `json:"amount"`
	Fee        money.Amount `json:"fee"`
	At         time.Time    `json:"at"`
	RefundedAt time.Time    `json:"refundedAt,omitzero"` // zero: it was not taken back
}

// Transaction is one partnerReferenceNo.
type Transaction struct {
	Ref      string       `json:"ref"`
	Customer string       `json:"customer"` // as in Wallets
	Amount   money.Amount `json:"amount"`
	Fee      money.Amount `json:"fee"`
	// Status is DANA's latestTransactionStatus as the books have it; 07 (not found) for a
	// reference that was sent but lost on the way, or is still under way.
	Status      string `json:"status"`
	ReferenceNo string `json:"referenceNo,omitempty"`
	// Sends and Inquiries count the well-formed, rightly signed requests about it.
	Sends     int `json:"sends"`
	Inquiries int `json:"inquiries"`
	// Notify is what was told of the end of a transfer that asked for it.
	Notify *Notify `json:"notify,omitempty"`
}

// State returns the books as they are now.
func (s *Sandbox) State() State {
	b, now := s.open()
	defer s.mu.Unlock()
	b.dropTokens(now)
	return b.state()
}

// Check verifies the books: what has left the deposit is what the credits and their fees
// say, each wallet holds exactly its credits, no reference was credited twice, and a
// transaction is paid if and only if it has its credit. The error names the first
// discrepancy.
func (st State) Check() error {
	spent := money.Rupiah(0)
	wallets := map[string]money.Amount{}
	credits := map[string]Credit{}
	for _, c := range st.Credits {
		if _, twice := credits[c.Ref]; twice {
			return fmt.Errorf("reference %s was credited twice", c.Ref)
		}
		credits[c.Ref] = c
		if c.RefundedAt.IsZero() {
			spent = spent.Add(c.Amount).Add(c.Fee)
			wallets[c.Customer] = money.Rupiah(0).Add(wallets[c.Customer]).Add(c.Amount)
		}
	}
	if gone := st.Opening.Sub(st.Deposit); gone != spent {
		return fmt.Errorf("%s left the deposit, but credits and fees are %s", gone, spent)
	}
	for customer, holds := range st.Wallets {
		if holds.Cents() != wallets[customer].Cents() {
			return fmt.Errorf("a wallet holds %s, but its credits are %s", holds, wallets[customer])
		}
		delete(wallets, customer)
	}
	for _, credited := range wallets {
		if credited.Positive() {
			return fmt.Errorf("a wallet is missing that was credited %s", credited)
		}
	}
	for _, t := range st.Transactions {
		c, credited := credits[t.Ref]
		delete(credits, t.Ref)
		standing := credited && c.RefundedAt.IsZero()
		if standing != (t.Status == statusPaid) || credited && (c.Customer != t.Customer || c.Amount != t.Amount || c.Fee != t.Fee) {
			return fmt.Errorf("reference %s has status %s, but its credit is %+v", t.Ref, t.Status, c.Amount)
		}
	}
	for ref := range credits {
		return fmt.Errorf("reference %s was credited without a transaction", ref)
	}
	return nil
}
