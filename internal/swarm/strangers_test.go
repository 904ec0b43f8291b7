//go:build !race

package swarm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/operate"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/wakeup"
)

// strangers is what others do to our payouts: other systems of the merchant, those who can write to Redis, and
// people who hand the same file over again or take payouts back.
var strangers = []fault{
	{"handed over with other content", func(r *run) func() {
		for range 3 {
			p := r.toAnother(r.someone())
			rec, created, err := wakeup.Submit(r.ctx, r.ledger, r.queue, p, time.Now())
			if created || err == nil {
				r.t.Errorf("%s was accepted with other content: %v %v", p.Ref, rec.Payout, err)
			}
			typ, queue := wakeup.TypeTopUpSend, wakeup.QueueTopUp
			if p.Kind == payout.Bank {
				typ, queue = wakeup.TypeBankSend, wakeup.QueueBank
			}
			r.enqueue(typ, whole(p), asynq.Queue(queue))
		}
		return nil
	}},
	{"cancelled", func(r *run) func() {
		refs := []string{r.someone().Ref, r.someone().Ref}
		for range 6 {
			p := r.instruction()
			r.accept(p)
			refs = append(refs, p.Ref)
		}
		var all sync.WaitGroup
		for _, ref := range refs {
			all.Go(func() {
				var refused *operate.RefusedError
				_, err := operate.Cancel(r.ctx, r.slow, ref, "Sari", "wrong file", time.Now())
				if err != nil && !errors.As(err, &refused) && !errors.Is(err, ledger.ErrNotFound) {
					r.t.Error(err)
				}
			})
		}
		all.Wait()
		return nil
	}},
}

// someone is one of the payouts that were ever accepted, forgotten ones included.
func (r *run) someone() payout.Payout {
	refs := slices.Sorted(maps.Keys(r.accepted))
	return r.accepted[refs[r.dice.IntN(len(refs))]]
}

// again hands some of the payouts over once more, as they were.
func (r *run) again(n int) {
	for range n {
		p := r.someone()
		if r.plain[p.Ref] {
			continue
		}
		if _, created, _ := wakeup.Submit(r.ctx, r.ledger, r.queue, p, time.Now()); created {
			r.t.Errorf("%s was accepted twice; forgotten %v", p.Ref, r.purged[p.Ref])
		}
	}
}

// toAnother is the same payout to somebody whom no instruction of ours names.
func (r *run) toAnother(p payout.Payout) payout.Payout {
	if p.Kind == payout.Bank {
		p.Account = fmt.Sprintf("99008885%02d", r.dice.IntN(50))
	} else {
		p.Customer = fmt.Sprintf("6282%07d", r.dice.IntN(50))
	}
	return p
}

func whole(p payout.Payout) string {
	to := fmt.Sprintf(`"customer":%q`, p.Customer)
	if p.Kind == payout.Bank {
		to += fmt.Sprintf(`,"bankCode":%q,"account":%q`, p.BankCode, p.Account)
	}
	return fmt.Sprintf(`{"v":1,"ref":%q,%s,"amount":%q}`, p.Ref, to, p.Amount.Value())
}
