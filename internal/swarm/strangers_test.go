//go:build !race

package swarm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/danaclient"
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
	{"reference used by another system", func(r *run) func() {
		for range 3 {
			p := r.instruction()
			r.usedByAnother(p)
			r.accept(p)
		}
		r.usedByAnother(r.someone())
		return nil
	}},
	{"instruction altered in Redis", func(r *run) func() {
		for range 3 {
			p := r.instruction()
			r.accept(p)
			r.alter(p)
		}
		r.alter(r.someone()) // wherever it is under way
		return nil
	}},
	{"tasks of unknown types, and payloads that nobody should read", func(r *run) func() {
		for _, typ := range []string{"topup:sendback", "topup:send:preview", "topup:cancel", "bank:reverse", "bank:sendx"} {
			p := r.toAnother(r.instruction()) // never accepted: a credit under it is one too many
			queue := map[bool]string{true: wakeup.QueueBank, false: wakeup.QueueTopUp}[strings.HasPrefix(typ, "bank")]
			r.enqueue(typ, fmt.Sprintf(`{"v":1,"ref":%q,"customer":"628121234567","amount":"10000"}`, p.Ref), asynq.Queue(queue), asynq.MaxRetry(r.dice.IntN(2)))
		}
		for _, payload := range []string{
			`{"v":1,"ref":%q,"customer":"628121234567","amount":"10","AMOUNT":"77000"}`,
			`{"v":1,"ref":%q,"customer":"628121234567","amount":"10","amount":"77000"}`,
			`{"v":1,"ref":%q,"customer":"628121234567","amount":"10"`,
			`{"v":2,"ref":%q,"customer":"628121234567","amount":"10"}`,
		} {
			r.payouts++
			r.enqueue(wakeup.TypeTopUpSend, fmt.Sprintf(payload, fmt.Sprint("ODD-", r.payouts)), asynq.Queue(wakeup.QueueTopUp), asynq.MaxRetry(r.dice.IntN(2)))
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

// usedByAnother lets another system of the merchant send the same amount under the same reference to somebody
// else, about now.
func (r *run) usedByAnother(p payout.Payout) {
	if r.forgot && r.credited(p.Ref) {
		return // DANA would pay both
	}
	p = r.toAnother(p)
	r.others[instructed(p)] = true
	send := r.stranger.TopUp
	if p.Kind == payout.Bank {
		send = r.stranger.BankTransfer
	}
	r.fleet.all.Go(func() { send(r.ctx, danaclient.NewExternalID(time.Now()), p) })
	r.pass(time.Duration(r.dice.Int64N(int64(time.Second))))
}

// alter writes another payee into a record, as whoever may write to Redis can.
func (r *run) alter(p payout.Payout) {
	err := alter.Run(r.ctx, r.rdb, []string{"salur:{topup}:tx:" + p.Ref}, payeeField(p), payeeField(r.toAnother(p))).Err()
	if !errors.Is(err, redis.Nil) { // it may be forgotten
		r.check(err)
	}
}

var alter = redis.NewScript(`
local text = redis.call('GET', KEYS[1])
if text then redis.call('SET', KEYS[1], (string.gsub(text, ARGV[1], ARGV[2], 1))) end
return text`)

func payeeField(p payout.Payout) string {
	if p.Kind == payout.Bank {
		return fmt.Sprintf(`"account":%q`, p.Account)
	}
	return fmt.Sprintf(`"customer":%q`, p.Customer)
}

func whole(p payout.Payout) string {
	to := fmt.Sprintf(`"customer":%q`, p.Customer)
	if p.Kind == payout.Bank {
		to += fmt.Sprintf(`,"bankCode":%q,"account":%q`, p.BankCode, p.Account)
	}
	return fmt.Sprintf(`{"v":1,"ref":%q,%s,"amount":%q}`, p.Ref, to, p.Amount.Value())
}
