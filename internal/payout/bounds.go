package payout

import (
	"time"

	"github.com/salur-id/salur/internal/money"
)

// Most is the most that any payout may take from the deposit, amount and fee together, whatever the settings say. Sums of
// payouts are kept in 64 bits, as cents; more than 90,000 payouts of this size fit into one.
var Most = money.Rupiah(1_000_000_000_000)

// DefaultMaxTotal is the bound of who did not set one (SALUR_MAX_AMOUNT).
var DefaultMaxTotal = money.Rupiah(1_000_000_000)

// Bounds is what a merchant does not want to be accepted, though DANA might take it.
type Bounds struct {
	// MaxTotal is the most that one payout may take from the deposit, amount and fee together; the zero Amount is
	// DefaultMaxTotal.
	MaxTotal money.Amount
	// MaxFee is the greatest fee; the zero Amount is no bound.
	MaxFee money.Amount
}

// Check tells why a payout must not be accepted at the time now: an InvalidError, or nil. The zero time is for a payout
// that its producer handed over at a time of its own, by a task: when its NotAfter has passed it expires.
//
// It is for payouts that are not on record. One that is was within the bounds of its day, and whoever hands it over again
// must hear that it is accepted, also when its NotAfter has passed since.
func (b Bounds) Check(p Payout, now time.Time) error {
	var bad InvalidError
	most := b.MaxTotal
	if most == (money.Amount{}) {
		most = DefaultMaxTotal
	}
	switch {
	case p.Total().Cents() <= most.Cents():
	case p.Amount.Cents() > most.Cents():
		bad.add("amount", shownAmount(p.Amount.Value()), "must be at most "+most.Value()+" (SALUR_MAX_AMOUNT)")
	default:
		bad.add("fee", shownAmount(p.Fee.Value()), "must be at most "+most.Value()+" together with the amount (SALUR_MAX_AMOUNT)")
	}
	if b.MaxFee != (money.Amount{}) && p.Fee.Cents() > b.MaxFee.Cents() {
		bad.add("fee", shownAmount(p.Fee.Value()), "must be at most "+b.MaxFee.Value()+" (SALUR_LIMIT_FEE)")
	}
	if !p.NotAfter.IsZero() && !now.Before(p.NotAfter) {
		bad.add("notAfter", p.NotAfter.Format(time.RFC3339), "must be later than now; give a later time, or leave it out")
	}
	_, err := finish(p, bad)
	return err
}
