package kv

import "github.com/redis/go-redis/v9"

// Each script touches one key, so it also runs on a cluster, and asks Redis
// for the time, so replicas need not agree on it. Numbers are microseconds
// (limits) and milliseconds (leases) since 1970: exact in Lua's doubles.

// allowScript is GCRA. The key holds the theoretical arrival time.
// ARGV: interval in µs, burst, cost. Returns {allowed, retry in µs, remaining}.
var allowScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local horizon = now + interval * burst
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = arrival + interval * cost
if next > horizon then
  return {0, next - horizon, math.max(math.floor((horizon - arrival) / interval), 0)}
end
if cost > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.max(math.ceil((next - now) / 1000), 1))
end
return {1, 0, math.floor((horizon - next) / interval)}
`)

// The key of a slot is a sorted set: holder by expiry in ms.
// ARGV: holder, ttl in ms, max. Returns 1 when the holder has a slot.
var acquireScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
return 1
`)

// ARGV: holder, ttl in ms. Returns 1 when the holder had a slot, now renewed.
var renewScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local expires = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not expires or tonumber(expires) <= now then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
return 1
`)
