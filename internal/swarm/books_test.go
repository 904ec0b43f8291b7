//go:build !race

package swarm

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/sandbox"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// paid is one rupiah's way: who got how much under which reference.
type paid struct {
	ref, payee string
	amount     money.Amount
}

// instructed is what a payout may pay.
func instructed(p payout.Payout) paid {
	payee := p.Customer
	switch {
	case p.Kind == payout.Bank:
		payee = p.BankCode + "/" + p.Account
	case payee == payout.ByCustomerID:
		payee = p.CustomerID
	}
	return paid{p.Ref, payee, p.Amount}
}

// books is what DANA has, by reference; of a number that was forgotten and came again, what was stored.
func (r *run) books() map[string]sandbox.Transaction {
	state := r.dana.State()
	if err := state.Check(); err != nil { // a reference credited twice among others
		r.t.Errorf("DANA's books: %v", err)
		r.explain(nil)
	}
	books := map[string]sandbox.Transaction{}
	for _, tx := range state.Transactions {
		if was, again := books[tx.Ref]; !again || was.Status == "07" {
			books[tx.Ref] = tx
		}
	}
	for _, c := range state.Credits {
		got := paid{c.Ref, c.Customer, c.Amount}
		if p, ours := r.accepted[c.Ref]; (!ours || instructed(p) != got) && !r.others[got] {
			r.t.Errorf("DANA paid %s to %s under %s: nobody who may has said so", c.Amount, c.Customer, c.Ref)
		}
	}
	return books
}

// credited tells whether DANA ever paid under a reference, whomever.
func (r *run) credited(ref string) bool {
	return slices.ContainsFunc(r.dana.State().Credits, func(c sandbox.Credit) bool { return c.Ref == ref })
}

// isOurs tells whether DANA's transaction is this payout, and not another's of the same reference.
func (r *run) isOurs(tx sandbox.Transaction) bool {
	return instructed(r.accepted[tx.Ref]) == paid{tx.Ref, tx.Customer, tx.Amount}
}

// untold tells whether DANA has another system's order under this reference and never said so on record: its status
// names no payee, so that without a refused send of ours nobody can know.
func (r *run) untold(tx sandbox.Transaction) bool {
	if !r.others[paid{tx.Ref, tx.Customer, tx.Amount}] || r.isOurs(tx) {
		return false
	}
	entries, err := r.ledger.History(r.ctx, tx.Ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return r.unknowable[tx.Ref] // what was found before it was forgotten
	}
	r.check(err)
	r.unknowable[tx.Ref] = !slices.ContainsFunc(entries, func(e ledger.Entry) bool { return e.Event == "send_inconsistent" })
	return r.unknowable[tx.Ref]
}

// balance holds DANA's credits against what the ledger calls succeeded, payee by payee. What the ledger forgot
// before DANA took it back cannot be known to it.
func (r *run) balance() {
	credited, claimed := map[paid]bool{}, map[paid]bool{}
	for _, c := range r.dana.State().Credits {
		got := paid{c.Ref, c.Customer, c.Amount}
		if forgotten := r.purged[c.Ref]; !r.others[got] && (c.RefundedAt.IsZero() || forgotten && r.final[c.Ref] == sm.StateSucceeded) {
			credited[got] = true // once: see books
		}
	}
	for ref, state := range r.final {
		if state == sm.StateSucceeded {
			claimed[instructed(r.accepted[ref])] = true
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(credited), byRef) {
		if !claimed[p] {
			r.t.Errorf("DANA paid %s to %s under %s; the ledger says %s", p.amount, p.payee, p.ref, r.final[p.ref])
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(claimed), byRef) {
		if !credited[p] && !r.untold(r.books()[p.ref]) {
			r.t.Errorf("the ledger says that %s got %s under %s; DANA has %+v", p.payee, p.amount, p.ref, r.books()[p.ref])
		}
	}
}

func byRef(a, b paid) int { return cmp.Compare(a.ref, b.ref) }
