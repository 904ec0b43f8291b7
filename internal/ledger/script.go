package ledger

import "github.com/redis/go-redis/v9"

// Each script is one atomic step. Amounts stay texts: Lua's numbers are floating point.
//
// A record is one string of three lines: its version, the token of its last write and the payout's
// fingerprint; the payout; and how it fares. (A hash with these fields costs Redis three times
// the work and more memory.)

// createScript records payouts of one kind. Each is recorded whole or not at all.
var createScript = redis.NewScript(`
local state, sums, events, open = unpack(KEYS, 1, 4)
local name, now = unpack(ARGV, 1, 2)
local answers, created = {}, {}
for i = 1, #KEYS - 4 do
  local tx, at = KEYS[4 + i], 4 * i - 1
  local ref, record, cents, event = unpack(ARGV, at, at + 3)
  if not redis.call('SET', tx, record, 'NX') then
    local old = redis.call('GET', tx)
    local writer = '^%d+ (%S+)'
    answers[i] = string.match(old, writer) == string.match(record, writer) and 'created' or {old}
  else
    local sum = redis.pcall('HINCRBY', sums, name, cents) -- the one call that can fail, on a sum beyond all money
    if type(sum) == 'table' then
      redis.call('DEL', tx)
      answers[i] = sum
    else
      redis.call('XADD', events, '*', 'event', event)
      created[#created + 1], created[#created + 2] = now, ref
      answers[i] = 'created'
    end
  end
end
if #created > 0 then
  redis.call('ZADD', open, unpack(created))
  redis.call('ZADD', state, unpack(created))
end
return answers
`)

var applyScript = redis.NewScript(`
local tx, history, left, was, sums, events, open, is, finished = unpack(KEYS)
local token, version, next, lines, entry, again, ref, due, over, created, from, to, cents, minus, event = unpack(ARGV)
local now, writer, fingerprint = string.match(redis.call('GETRANGE', tx, 0, 255), '^(%d+) (%S+) (%S+)\n')
if not now then return 'missing' end
if now ~= version then
  if writer == token then return 'ok' end
  return 'stale'
end
if from ~= to then
  redis.call('HINCRBY', sums, to, cents) -- first: the one call that can fail, on a sum beyond all money
  redis.call('HINCRBY', sums, from, minus)
end
redis.call('SET', tx, next .. ' ' .. token .. ' ' .. fingerprint .. '\n' .. lines)
if again == '1' then redis.call('LSET', history, -1, entry) else redis.call('RPUSH', history, entry) end
redis.call('ZREM', left, ref)
if due ~= '' then redis.call('ZADD', open, due, ref) end
if over ~= '' and from ~= to then redis.call('ZADD', finished, over, ref) end
if from ~= to then
  redis.call('ZREM', was, ref)
  redis.call('ZADD', is, created, ref)
  redis.call('XADD', events, '*', 'event', event)
end
return 'ok'
`)

var postponeScript = redis.NewScript(`
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
`)

var purgeScript = redis.NewScript(`
local tx, history, state, sums, finished, open = unpack(KEYS)
local version, ref, name, minus = unpack(ARGV)
if string.match(redis.call('GETRANGE', tx, 0, 31), '^%d+') ~= version then return 0 end
redis.call('DEL', tx, history)
redis.call('ZREM', state, ref)
redis.call('ZREM', finished, ref)
redis.call('ZREM', open, ref)
redis.call('HINCRBY', sums, name, minus)
return 1
`)
