package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

const (
	// balanceKey is the last reading: cents, at in ms, and low, which is 1 when it was below the mark.
	balanceKey = "salur:{gate}:balance"
	// turnKey is held by the worker that asked last, until it is time to ask again.
	turnKey = "salur:{gate}:balance:turn"
	// balanceEvery is how often a worker looks whether it is its turn, and what the others read.
	balanceEvery = time.Second
	// freshFor is for how many intervals a reading is believed.
	freshFor = 3
)

// Watch is how the merchant's deposit is watched: by one worker at a time, for all.
type Watch struct {
	// Ask asks DANA once for what the deposit holds. An error says that it is not known, which neither
	// holds nor lifts anything. It must respect ctx. nil: nothing is watched.
	Ask   func(ctx context.Context) (money.Amount, error)
	Every time.Duration // give or take a tenth, over all workers together
	// LowWater is the mark: a deposit below it holds all sending. The zero Amount is none.
	LowWater money.Amount
	// OnReading is told of each reading once, by each worker. It may be nil.
	OnReading func(Balance)
}

// Balance is a reading of the merchant's deposit.
type Balance struct {
	Amount money.Amount
	At     time.Time // when DANA was asked, to the millisecond
}

// note a reading, unless a newer one is there, and hold when it is the first that is low. While
// it stays low nothing is held again, so that a person's resume lasts.
var readingScript = redis.NewScript(note + `
local last = redis.call('HMGET', KEYS[3], 'at', 'low')
if last[1] and tonumber(last[1]) > tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '1' and last[2] ~= '1' and redis.call('HSETNX', KEYS[1], ARGV[4], ARGV[5]) == 1 then
  if redis.call('HLEN', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'system:holds_lost', ARGV[8]) end
  redis.call('HDEL', KEYS[1], 'open')
  note(KEYS[2], ARGV[7], ARGV[6])
end
redis.call('HSET', KEYS[3], 'cents', ARGV[1], 'at', ARGV[2], 'low', ARGV[3])
return 1`)

// watch asks for the balance if it is this worker's turn, and takes notice of what was read.
// What fails on the way to Redis is left to the next round.
func (g *Gate) watch(ctx context.Context) {
	g.mu.Lock()
	stopped := g.stopped
	g.mu.Unlock()
	if stopped || g.Fit() != nil { // a reading of a month ahead would be the newest for a month
		return
	}
	// The turn ends by itself, so that nothing has to be given back by a worker that died.
	turn := time.Duration(float64(g.cfg.Watch.Every) * (0.9 + rand.Float64()/5))
	if mine, err := g.cfg.Redis.SetNX(ctx, turnKey, "1", turn).Result(); err == nil && mine {
		g.askBalance(ctx)
	}
	if b, known, err := ReadBalance(ctx, g.cfg.Redis); err == nil && known {
		g.notice(b)
	}
}

func (g *Gate) notice(b Balance) {
	g.mu.Lock()
	news := b.At.After(g.balance.At)
	if news {
		g.balance = b
	}
	g.mu.Unlock()
	if news && g.cfg.Watch.OnReading != nil {
		g.cfg.Watch.OnReading(b)
	}
}

// askBalance makes one reading, and holds or lifts by it.
func (g *Gate) askBalance(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, min(probeWithin, g.cfg.Watch.Every))
	defer cancel()
	at := g.cfg.Now()
	amount, err := g.cfg.Watch.Ask(asking)
	if err != nil {
		// Not known: what the deposit holds. Nothing is held, DANA's own refusal would do that; and
		// nothing is lifted.
		return
	}
	mark := g.cfg.Watch.LowWater
	low := amount.Cents() < mark.Cents()
	h := Hold{
		By: BySystem, Cause: LowBalance, Since: at,
		Reason: fmt.Sprintf("the deposit holds %s, below the low-water mark of %s; after a resume it holds again only "+
			"when it has been at the mark or above in between", amount, mark),
	}
	err = readingScript.Run(ctx, g.cfg.Redis, []string{holdsKey, logKey, balanceKey},
		amount.Cents(), at.UnixMilli(), bit(low), h.field(), encode(h), encode(Change{At: at, Held: []Hold{h}}), logKept, encode(holdsLost(at))).Err()
	if err != nil {
		return // not known whether it is noted; the next reading is as good
	}
	if !low && !g.cfg.PersonResumes {
		g.funded(ctx, Balance{amount, at})
	}
	g.read(ctx)
}

// funded lifts the holds that wait for money, if this reading shows that it is there.
func (g *Gate) funded(ctx context.Context, b Balance) {
	records, err := g.cfg.Redis.HGetAll(ctx, holdsKey).Result()
	if err != nil {
		return // the next reading lifts them
	}
	for field, record := range records {
		h, err := decode(record)
		if err != nil || !h.enough(b) {
			continue
		}
		// No token: the lock of the probes is somebody else's.
		_ = g.settle(ctx, field, record, "", "")
	}
}

// enough tells whether the reading proves the hold's cause to be gone: it was made after the hold,
// and shows what the refused payout wanted. A hold that came back soon after it was lifted waits for its
// growing pause first, like a probe.
func (h Hold) enough(b Balance) bool {
	switch {
	case h.By != BySystem:
		return false
	case h.Cause == LowBalance:
		return b.At.After(h.Since)
	}
	return h.Cause == statemachine.InsufficientFunds && b.At.After(h.Since) && !b.At.Before(h.NextProbe) && b.Amount.Cents() >= h.Needs.Cents()
}

// watched tells whether readings decide about holds for want of money, so that nothing needs to be
// probed: a payee's account inquiry shows less. It needs g.mu.
func (g *Gate) watched() bool {
	return g.cfg.Watch.Ask != nil && g.cfg.Now().Sub(g.balance.At) <= freshFor*g.cfg.Watch.Every
}

// ReadBalance returns the last reading that some worker made, and whether there is one.
func ReadBalance(ctx context.Context, rdb redis.UniversalClient) (b Balance, known bool, err error) {
	var stored struct {
		Cents int64 `redis:"cents"`
		At    int64 `redis:"at"`
	}
	if err := rdb.HMGet(ctx, balanceKey, "cents", "at").Scan(&stored); err != nil {
		return Balance{}, false, fmt.Errorf("read the last balance: %w", err)
	}
	return Balance{money.FromCents(stored.Cents), time.UnixMilli(stored.At)}, stored.At > 0, nil
}

func bit(b bool) string {
	return strconv.Itoa(map[bool]int{true: 1}[b])
}
