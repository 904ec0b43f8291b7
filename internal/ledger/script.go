package ledger

import "github.com/redis/go-redis/v9"

// Each script is one atomic step. Amounts stay texts: Lua's numbers are floating point.

// createScript records payouts of one kind. Each is recorded whole or not at all: what can fail (a
// sum beyond all money) comes first.
var createScript = redis.NewScript(`
local state, sums, events, open = unpack(KEYS, 1, 4)
local token, name, now = unpack(ARGV, 1, 3)
local answers, created = {}, {}
for i = 1, #KEYS - 4 do
  local tx, at = KEYS[4 + i], 5 * i - 1
  local ref, fingerprint, doc, cents, event = unpack(ARGV, at, at + 4)
  local mine = token .. i
  local known = redis.call('HGET', tx, 'fp')
  if known then
    local old = redis.call('HMGET', tx, 'tok', 'ver', 'doc')
    answers[i] = old[1] == mine and 'created' or {known, old[2], old[3]}
  else
    local sum = redis.pcall('HINCRBY', sums, name, cents)
    if type(sum) == 'table' then
      answers[i] = sum
    else
      redis.call('HSET', tx, 'ver', '1', 'tok', mine, 'fp', fingerprint, 'doc', doc)
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
local token, version, doc, entry, again, ref, due, over, created, from, to, cents, minus, event = unpack(ARGV)
local now = redis.call('HMGET', tx, 'ver', 'tok')
if not now[1] then return 'missing' end
if now[1] ~= version then
  if now[2] == token then return 'ok' end
  return 'stale'
end
if from ~= to then
  redis.call('HINCRBY', sums, to, cents) -- first: the one call that can fail, on a sum beyond all money
  redis.call('HINCRBY', sums, from, minus)
end
redis.call('HINCRBY', tx, 'ver', 1)
redis.call('HSET', tx, 'tok', token, 'doc', doc)
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
if redis.call('HGET', tx, 'ver') ~= version then return 0 end
redis.call('DEL', tx, history)
redis.call('ZREM', state, ref)
redis.call('ZREM', finished, ref)
redis.call('ZREM', open, ref)
redis.call('HINCRBY', sums, name, minus)
return 1
`)
