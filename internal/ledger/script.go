package ledger

import "github.com/redis/go-redis/v9"

// Each script is one atomic step. Amounts stay texts: Lua's numbers are floating point.

var createScript = redis.NewScript(`
local tx, history, open, state, sums, events = unpack(KEYS)
local token, fingerprint, doc, entry, ref, due, now, name, cents, kind, amount = unpack(ARGV)
local old = redis.call('HMGET', tx, 'tok', 'fp', 'ver', 'doc')
if old[2] then
  if old[1] == token then return {'created'} end
  return {'exists', old[2], old[3], old[4]}
end
redis.call('HINCRBY', sums, name, cents) -- first: the one call that can fail, on a sum beyond all money
redis.call('HSET', tx, 'ver', '1', 'tok', token, 'fp', fingerprint, 'doc', doc)
redis.call('RPUSH', history, entry)
redis.call('ZADD', open, due, ref)
redis.call('ZADD', state, now, ref)
redis.call('XADD', events, '*', 'ref', ref, 'kind', kind, 'from', '', 'to', name, 'event', 'accepted', 'at', now, 'version', '1',
  'amount', amount, 'reason', '', 'danaReferenceNo', '')
return {'created'}
`)

var applyScript = redis.NewScript(`
local tx, history, left, was, sums, events, open, is, finished = unpack(KEYS)
local token, version, doc, entry, again, ref, due, over, created, from, to, cents, minus, kind, event, at, amount, reason, dana = unpack(ARGV)
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
local next = redis.call('HINCRBY', tx, 'ver', 1)
redis.call('HSET', tx, 'tok', token, 'doc', doc)
if again == '1' then redis.call('LSET', history, -1, entry) else redis.call('RPUSH', history, entry) end
redis.call('ZREM', left, ref)
if due ~= '' then redis.call('ZADD', open, due, ref) end
if over ~= '' and from ~= to then redis.call('ZADD', finished, over, ref) end
if from ~= to then
  redis.call('ZREM', was, ref)
  redis.call('ZADD', is, created, ref)
  redis.call('XADD', events, '*', 'ref', ref, 'kind', kind, 'from', from, 'to', to, 'event', event, 'at', at, 'version', next,
    'amount', amount, 'reason', reason, 'danaReferenceNo', dana)
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
