package ledger

import "github.com/redis/go-redis/v9"

// The outbox's scripts. An outcome in a list is its event's ID, a space and the event; the ID begins
// with the millisecond in which it happened. A nil answer is "stale".

var readScript = redis.NewScript(`
local reader, cursor, events, store = unpack(KEYS)
local owner, ttl = unpack(ARGV)
local other = redis.call('GET', reader)
if other and other ~= owner then return '' end
redis.call('SET', reader, owner, 'PX', ttl)
local at = redis.call('GET', cursor)
if not at then
  -- A cursor that was lost begins again where the first one began: what is told again the receiver knows by its id.
  at = redis.call('HGET', store, 'webhook')
  if not at then
    local newest = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)
    at = newest[1] and newest[1][1] or '0-0'
    redis.call('HSET', store, 'webhook', at)
  end
  redis.call('SET', cursor, at)
end
return at
`)

// putScript takes being called again after it was done, the same way, as done.
var putScript = redis.NewScript(`
local cursor, due, since = unpack(KEYS, 1, 3)
local after, last, now = unpack(ARGV, 1, 3)
local at = redis.call('GET', cursor)
redis.call('ZCARD', due) -- of another type, it fails before anything is written
redis.call('ZCARD', since)
local fresh = {}
if at == last then
  for i = 4, #KEYS do fresh[i - 3] = 1 end
  return fresh
end
if at ~= after then return nil end
for i = 4, #KEYS do
  local ref, raw = ARGV[2 * i - 4], ARGV[2 * i - 3]
  -- A key of another type is put aside: it must not keep all that follows from being told.
  if type(redis.pcall('RPUSH', KEYS[i], raw)) == 'number' then
    redis.call('ZADD', since, 'NX', string.match(raw, '^%d+'), ref)
    fresh[i - 3] = redis.call('ZADD', due, 'NX', now, ref)
  else
    fresh[i - 3] = -1
  end
end
redis.call('SET', cursor, last)
return fresh
`)

var takeScript = redis.NewScript(`
local list, head, due, since = unpack(KEYS)
local ref, token, now, till = unpack(ARGV)
local at = redis.call('ZSCORE', due, ref)
if not at then return {} end
if tonumber(at) > tonumber(now) and redis.call('HGET', head, 'tok') ~= token then return {at} end
local raw = redis.call('LINDEX', list, 0)
if not raw then
  redis.call('DEL', head)
  redis.call('ZREM', due, ref)
  redis.call('ZREM', since, ref)
  return {}
end
redis.call('HSET', head, 'tok', token)
redis.call('ZADD', due, till, ref)
local was = redis.call('HMGET', head, 'id', 'tries', 'failing')
return {raw, was[1] or '', was[2] or '', was[3] or ''}
`)

// advance is the end of two scripts: the outcome leaves the list, and the next one is due. What the
// head's id and tries say is the other one's, as the id tells. The token stays, so that the same call made again is recognised.
const advance = `
redis.call('LREM', list, 1, raw)
local following = redis.call('LINDEX', list, 0)
if not following then
  redis.call('DEL', head)
  redis.call('ZREM', due, ref)
  redis.call('ZREM', since, ref)
  return 0
end
redis.call('ZADD', due, now, ref)
redis.call('ZADD', since, string.match(following, '^%d+'), ref)
return 1
`

var deliveredScript = redis.NewScript(`
local list, head, due, since = unpack(KEYS)
local ref, token, raw, now = unpack(ARGV)
if redis.call('HGET', head, 'tok') ~= token then return nil end
redis.call('HDEL', head, 'failing')
` + advance)

var giveUpScript = redis.NewScript(`
local list, head, due, since, all, mine = unpack(KEYS)
local ref, token, raw, now, doc, failing = unpack(ARGV)
if redis.call('HGET', head, 'tok') ~= token then return nil end
if redis.call('LREM', list, 1, raw) == 1 then redis.call('RPUSH', mine, doc) end -- once, also when called again
redis.call('ZADD', all, 'NX', now, ref)
redis.call('HSET', head, 'failing', failing)
` + advance)

var laterScript = redis.NewScript(`
local head, due = unpack(KEYS)
local ref, token, at, id, tries, failing = unpack(ARGV)
if redis.call('HGET', head, 'tok') ~= token then return nil end
redis.call('HDEL', head, 'tok')
redis.call('HSET', head, 'id', id, 'tries', tries, 'failing', failing)
redis.call('ZADD', due, at, ref)
return 0
`)

// resendScript puts what was given up before what waits: it is older.
var resendScript = redis.NewScript(`
local mine, all, list, head, due, since = unpack(KEYS)
local ref, now = unpack(ARGV, 1, 2)
if redis.call('LLEN', mine) ~= #ARGV - 2 then return nil end
for i = #ARGV, 3, -1 do redis.call('LPUSH', list, ARGV[i]) end
redis.call('DEL', mine)
redis.call('ZREM', all, ref)
redis.call('HDEL', head, 'id', 'tries', 'failing')
redis.call('ZADD', since, string.match(ARGV[3], '^%d+'), ref)
if redis.call('ZADD', due, 'NX', now, ref) == 0 and redis.call('HEXISTS', head, 'tok') == 0 then
  redis.call('ZADD', due, now, ref) -- nobody has it: it is due now
end
return redis.call('ZSCORE', due, ref)
`)

var forgetScript = redis.NewScript(`
local mine, all = unpack(KEYS)
local ref, count, last, oldest = unpack(ARGV)
if redis.call('LINDEX', mine, count - 1) ~= last then return 0 end
redis.call('LTRIM', mine, count, -1)
if redis.call('LLEN', mine) == 0 then redis.call('ZREM', all, ref) else redis.call('ZADD', all, oldest, ref) end
return 1
`)
