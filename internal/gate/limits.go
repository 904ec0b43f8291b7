package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/statemachine"
)

// The causes of holds that no answer of DANA made. Only a person lifts those of a limit.
const (
	LowBalance       statemachine.Why = "low_balance"        // the deposit is below the low-water mark
	LimitPayout      statemachine.Why = "limit_payout"       // one payout is larger than any may be
	LimitCustomerDay statemachine.Why = "limit_customer_day" // one customer would get too much today
	LimitMinute      statemachine.Why = "limit_minute"       // too much would leave within a minute
	LimitFee         statemachine.Why = "limit_fee"          // the fee of one payout is larger than any may be
)

// Limits are what may be sent at most, by all workers together; the zero Amount is no limit.
type Limits struct {
	Payout      money.Amount // by one payout
	Fee         money.Amount // of one payout
	CustomerDay money.Amount // to one payee on one day in Jakarta
	Minute      money.Amount // to all within any 60 seconds
}

// Payment is what the limits look at.
type Payment struct {
	API   string // by which it is sent; a pause after 429 is of one API
	Ref   string
	Total money.Amount // what leaves the deposit: the amount and the fee
	Fee   money.Amount
	Payee string // who gets it; only a digest of it is kept
	Shown string // the payee for people, masked
}

const (
	// letKey is a set of the references that a person let pass: no limit stops them.
	letKey = "salur:{gate}:let"
	// minuteKey has "cents:ref" of what was sent by when, in ms; minuteSumKey their sum in cents.
	minuteKey    = "salur:{gate}:minute"
	minuteSumKey = "salur:{gate}:minute:sum"
	// dayPrefix is before a day and a customer: a hash from each reference to its cents, and
	// from "" (which is no reference) to their sum.
	dayPrefix = "salur:{gate}:day:"

	minute = time.Minute
	letFor = 30 * 24 * time.Hour
	dayFor = 48 * time.Hour
)

// admit says what keeps a payment: "held", "paused" with the end of the pause in ms, the limit it would break and the sum before it,
// or "" when it is counted and may be sent, and "first" when it goes first after a pause. A payment is counted once in each sum, however often it
// is tried; the minute's moves with its latest attempt.
//
// The minute never goes back: a worker whose clock is behind counts by the latest time seen.
// Sums are compared as doubles; config bounds the limits to what those hold exactly.
var admit = redis.NewScript(turnOf + takenSince + `
local holds, let, recent, sumOfRecent, day = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ref, cents, now, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local mostPayout, mostDay, mostMinute = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local fee, mostFee = tonumber(ARGV[9]), tonumber(ARGV[10])

if redis.call('HLEN', holds) ~= 1 or redis.call('HEXISTS', holds, 'open') == 0 then return {'held', '0'} end
takenSince(KEYS[7], tonumber(ARGV[12]))
local paused, first = turnOf(KEYS[6], now, tonumber(ARGV[11]))
if paused > 0 then return {'paused', string.format('%.0f', paused)} end
local admitted = first and {'first', '0'} or {'', '0'}
if mostPayout + mostDay + mostMinute + mostFee == 0 then return admitted end
local passes = redis.pcall('SISMEMBER', let, ref) == 1 -- a set that cannot be read lets nobody pass
local function over(most, sum) return most > 0 and not passes and sum + cents > most end

if mostFee > 0 and not passes and fee > mostFee then return {'limit_fee', '0'} end
if over(mostPayout, 0) then return {'limit_payout', '0'} end

local inDay = mostDay == 0 or redis.call('HEXISTS', day, ref) == 1
if not inDay then
  local sum = redis.call('HGET', day, '') or '0'
  if over(mostDay, tonumber(sum)) then return {'limit_customer_day', sum} end
end

local member = ARGV[2] .. ':' .. ref
local inMinute = true
if mostMinute > 0 then
  local latest = redis.call('ZREVRANGE', recent, 0, 0, 'WITHSCORES')
  if latest[2] and tonumber(latest[2]) > now then now = tonumber(latest[2]) end
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', recent, '-inf', now - window)) do
    redis.call('ZREM', recent, old)
    redis.call('DECRBY', sumOfRecent, string.match(old, '^%d+'))
  end
  inMinute = redis.call('ZSCORE', recent, member)
  if not inMinute then
    local sum = redis.call('GET', sumOfRecent) or '0'
    if over(mostMinute, tonumber(sum)) then return {'limit_minute', sum} end
    redis.call('INCRBY', sumOfRecent, ARGV[2])
  end
  redis.call('ZADD', recent, now, member)
  redis.call('PEXPIRE', recent, 2 * window)
  redis.call('PEXPIRE', sumOfRecent, 2 * window)
end
if not inDay then
  redis.call('HSET', day, ref, ARGV[2])
  redis.call('HINCRBY', day, '', ARGV[2])
  redis.call('PEXPIRE', day, ARGV[8])
end
return admitted`)

// Admit decides, for all workers together, whether a payment may be sent now, and counts it. It
// is asked after Wait and right before the attempt is written ahead. False means that sending is
// paused after a 429, or held: by somebody this gate had not seen yet, or by a limit that this very payment would break,
// which holds all sending until a person resumes. The payment is unharmed; Wait again.
//
// An error means that it is not known whether it was counted. It must not be sent; asking
// again counts it once. What is counted and then not sent, or fails, keeps its room: the limits are
// there to stop what was not foreseen, and rather stop early.
func (g *Gate) Admit(ctx context.Context, p Payment) (bool, error) {
	now, l := g.cfg.Now(), g.cfg.Limits
	day := dayKey(p.Payee, now)
	verdict, err := admit.Run(ctx, g.cfg.Redis, []string{holdsKey, letKey, minuteKey, minuteSumKey, day, throttlePrefix + p.API, alikePrefix + p.API},
		p.Ref, p.Total.Cents(), now.UnixMilli(), minute.Milliseconds(),
		l.Payout.Cents(), l.CustomerDay.Cents(), l.Minute.Cents(), dayFor.Milliseconds(), p.Fee.Cents(), l.Fee.Cents(),
		longest.Milliseconds(), g.takenAgo(p.API)).StringSlice()
	if err != nil {
		return false, fmt.Errorf("ask for the limits: %w", err)
	}
	cents, err := strconv.ParseInt(verdict[1], 10, 64)
	if err != nil {
		return false, fmt.Errorf("the sum before payout %s: %w", p.Ref, err)
	}
	h := Hold{Cause: statemachine.Why(verdict[0]), Ref: p.Ref}
	sum := money.FromCents(cents).Add(p.Total)
	switch h.Cause {
	case "":
		return true, nil
	case "first":
		a := g.api(p.API)
		g.mu.Lock()
		a.first = true
		g.mu.Unlock()
		return true, nil
	case "paused":
		g.pauseUntil(p.API, cents)
		return false, nil
	case "held":
		g.read(ctx) // so that the next Wait knows it
		return false, nil
	case LimitFee:
		h.Reason = fmt.Sprintf("a fee of %s for a payout to %s, and SALUR_LIMIT_FEE is %s", p.Fee, p.Shown, l.Fee.Value())
	case LimitPayout:
		h.Reason = fmt.Sprintf("%s to %s, and SALUR_LIMIT_PAYOUT is %s", p.Total, p.Shown, l.Payout.Value())
	case LimitCustomerDay:
		h.Reason = fmt.Sprintf("with %s more, %s would get %s today, and SALUR_LIMIT_CUSTOMER_DAY is %s", p.Total, p.Shown, sum, l.CustomerDay.Value())
		h.Sums = []string{day}
	case LimitMinute:
		h.Reason = fmt.Sprintf("with %s more to %s, %s would be sent within a minute, and SALUR_LIMIT_MINUTE is %s", p.Total, p.Shown, sum, l.Minute.Value())
		h.Sums = []string{minuteKey, minuteSumKey}
	}
	_, err = g.Hold(ctx, h)
	return false, err
}

// dayKey is where the day of one customer is counted. The digest keeps phone numbers out of sight,
// not out of reach: there are few enough of them to try all.
func dayKey(payee string, at time.Time) string {
	digest := sha256.Sum256([]byte("salur customer " + payee))
	return dayPrefix + at.In(jakarta.Zone).Format(time.DateOnly) + ":" + hex.EncodeToString(digest[:16])
}

// limited tells whether a limit made the hold.
func (h Hold) limited() bool {
	return h.By == BySystem && (h.Cause == LimitPayout || h.Cause == LimitCustomerDay || h.Cause == LimitMinute || h.Cause == LimitFee)
}
