package ledger

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/payout"
)

// Each script is one atomic step. Amounts stay texts: Lua's numbers are floating point.
//
// No script may fail after its first write, or the step would be half done: what can fail (a key of another type, a
// stream at its end) is asked before it, or is written first by pcall.
//
// A record is one string of three lines: its version, the token of its last write and the payout's
// fingerprint; the payout; and how it fares. (A hash with these fields costs Redis three times
// the work and more memory.)

// sumUnit is where a sum carries over into its second field, in cents: both stay exact in Lua, and far from the
// end of int64, whatever comes.
const sumUnit = 1_000_000_000_000_000

// carried is an amount that leaves the deposit in the two parts that the scripts add up.
func carried(p payout.Payout, sign int64) (units, rest string) {
	cents := sign * p.Total().Cents()
	return fmt.Sprint(cents / sumUnit), fmt.Sprint(cents % sumUnit)
}

// shared is what several scripts begin with.
const shared = `
local function are(kind, ...)
  for _, key in ipairs({...}) do
    local t = redis.call('TYPE', key)
    t = t.ok or t
    if t ~= kind and t ~= 'none' then return false end
  end
  return true
end
local wrong = 'WRONGTYPE an index of the ledger is of another type; nothing was written'
local function add(sums, name, units, rest) -- nothing rests on a sum: one that cannot be kept stops nobody
  local low = redis.pcall('HINCRBY', sums, name, rest)
  if type(low) ~= 'number' then return end
  units = tonumber(units)
  if low >= 1e15 then
    redis.pcall('HINCRBY', sums, name, '-1000000000000000')
    units = units + 1
  elseif low <= -1e15 then
    redis.pcall('HINCRBY', sums, name, '1000000000000000')
    units = units - 1
  end
  if units ~= 0 then redis.pcall('HINCRBY', sums, name .. ':e15', string.format('%d', units)) end
end
`

// createScript records payouts of one kind. Each is recorded whole or not at all. It answers "created", {record}
// for one that is on record, {"", tombstone} for one that was forgotten, or the error.
var createScript = redis.NewScript(shared + `
local state, sums, events, open = unpack(KEYS, 1, 4)
local name, now = unpack(ARGV, 1, 2)
if not are('zset', state, open) then return redis.error_reply(wrong) end
local day = math.floor(redis.call('TIME')[1] / 86400)
local writer = '^%d+ (%S+)'
local answers, created = {}, {}
local function create(tx, gone, ref, record, units, rest, event)
  local old = redis.pcall('GET', tx)
  if type(old) == 'table' then return old end
  if old then
    return string.match(old, writer) == string.match(record, writer) and 'created' or {old}
  end
  local stone = redis.pcall('HGET', gone, ref)
  if type(stone) == 'table' then return stone end
  if stone and tonumber(string.match(stone, '^%d+') or day) >= day then return {'', stone} end
  local written = redis.pcall('XADD', events, '*', 'event', event) -- the one write that can fail
  if type(written) == 'table' and written.err then return written end
  redis.call('SET', tx, record)
  add(sums, name, units, rest)
  created[#created + 1], created[#created + 2] = now, ref
  return 'created'
end
for i = 1, (#KEYS - 4) / 2 do
  local at = 5 * i - 2
  answers[i] = create(KEYS[3 + 2 * i], KEYS[4 + 2 * i], unpack(ARGV, at, at + 4))
end
if #created > 0 then
  redis.call('ZADD', open, unpack(created))
  redis.call('ZADD', state, unpack(created))
end
return answers
`)

// applyScript writes one decision. The payout's own line stays as it is, to the byte.
var applyScript = redis.NewScript(shared + `
local tx, history, left, was, sums, events, open, is, finished, store = unpack(KEYS)
local token, version, next, line, entry, again, ref, due, over, created, from, to, units, rest, minusUnits, minus, event, epoch, careful, known, attempt = unpack(ARGV)
local record = redis.call('GET', tx)
if not record then return 'missing' end
local now, writer, fingerprint, instruction = string.match(record, '^(%d+) (%S+) (%S+)\n([^\n]*)\n')
if not now then return 'missing' end
if now ~= version then
  if writer == token then return 'ok' end
  return 'stale'
end
local has = redis.call('HMGET', store, 'epoch', 'lost', 'held', 'attempts')
if epoch ~= '' and (has[1] ~= epoch or (tonumber(has[4]) or 0) < tonumber(known) or has[2] and has[3] ~= '1') then return 'lost' end
if has[2] and careful == '' then return 'careful' end
if not (are('zset', left, was, open, is, finished) and are('list', history)) then return redis.error_reply(wrong) end
if from ~= to then
  local written = redis.pcall('XADD', events, '*', 'event', event) -- first: the one write that can fail
  if type(written) == 'table' and written.err then return written end
end
redis.call('SET', tx, next .. ' ' .. token .. ' ' .. fingerprint .. '\n' .. instruction .. '\n' .. line)
-- The last line of a history that was lost cannot be replaced.
if again == '1' and redis.call('LLEN', history) > 0 then redis.call('LSET', history, -1, entry) else redis.call('RPUSH', history, entry) end
redis.call('ZREM', left, ref)
if due ~= '' then redis.call('ZADD', open, due, ref) end
if over ~= '' and from ~= to then redis.call('ZADD', finished, over, ref) end
if from ~= to then
  add(sums, to, units, rest)
  add(sums, from, minusUnits, minus)
  redis.call('ZREM', was, ref)
  redis.call('ZADD', is, created, ref)
end
if epoch == '' or attempt ~= '1' then return 'ok' end
local n = redis.pcall('HINCRBY', store, 'attempts', 1)
return type(n) == 'number' and 'ok ' .. string.format('%.0f', n) or 'ok'
`)

var postponeScript = redis.NewScript(`
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
`)

// purgeScript forgets a payout and leaves its tombstone, in one step. The bucket's own old ones go meanwhile.
var purgeScript = redis.NewScript(shared + `
local tx, history, state, sums, finished, open, gone, goneKey, waiting, givenUp = unpack(KEYS)
local version, ref, name, minusUnits, minus, stone, days, key = unpack(ARGV)
if redis.call('GET', goneKey) ~= key then return -1 end -- another one since the store was emptied: by ours nobody could read the tombstone
if redis.call('EXISTS', waiting, givenUp) > 0 then return 0 end -- its outcome is still to be told, by the record
local record = redis.pcall('GETRANGE', tx, 0, 31)
if type(record) == 'table' or string.match(record, '^%d+') ~= version then return 0 end
if not are('zset', state, finished, open) then return redis.error_reply(wrong) end
local day = math.floor(redis.call('TIME')[1] / 86400)
local written = redis.pcall('HSET', gone, ref, string.format('%d', day + days) .. stone) -- first: without it nothing is forgotten
if type(written) == 'table' then return written end
local all = redis.call('HGETALL', gone)
for i = 1, #all, 2 do
  if tonumber(string.match(all[i + 1], '^%d+') or day) < day then redis.call('HDEL', gone, all[i]) end
end
if redis.call('TTL', gone) < (days + 1) * 86400 then redis.call('EXPIRE', gone, string.format('%d', (days + 1) * 86400)) end
redis.call('DEL', tx, history)
redis.call('ZREM', state, ref)
redis.call('ZREM', finished, ref)
redis.call('ZREM', open, ref)
add(sums, name, minusUnits, minus)
return 1
`)
