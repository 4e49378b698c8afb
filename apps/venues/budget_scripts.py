"""The shared budget's two scripts: ask for a share, and tell what an answer said.

KEYS: counter, address, orders (hashes), minutes (list), who (sorted set), waits (hash).
ARGV of both: now in ms ("" = the server's time, so that hosts with different clocks stay in one
minute), then what each names below.
"""

_NOW = """
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local minute = 60000
local window = math.floor(now / minute)

local function keep_for(key, length)
  if redis.call('PTTL', key) < length then redis.call('PEXPIRE', key, length + minute) end
end

local function silence(key, wait)
  local silent = tonumber(redis.call('HGET', key, 'silent')) or 0
  if wait > 0 and now + wait > silent then
    silent = now + wait
    redis.call('HSET', key, 'silent', silent)
    keep_for(key, wait)
  end
  return math.max(0, silent - now)
end

local function used_now()
  local kept = redis.call('HMGET', KEYS[1], 'window', 'used')
  if tonumber(kept[1]) == window then return tonumber(kept[2]) or 0 end
  if kept[1] then
    redis.call('LPUSH', KEYS[4], kept[1] .. ' ' .. kept[2])
    redis.call('LTRIM', KEYS[4], 0, 119)
    redis.call('PEXPIRE', KEYS[4], 121 * minute)
  end
  return 0
end

local function keep(used)
  redis.call('HSET', KEYS[1], 'window', window, 'used', used)
  keep_for(KEYS[1], 2 * minute)
end

local function orders_in(length)
  local kept = redis.call('HMGET', KEYS[3], 'w' .. length, 'n' .. length)
  if tonumber(kept[1]) == math.floor(now / length) then return tonumber(kept[2]) or 0 end
  return 0
end

local function keep_orders(length, count)
  redis.call('HSET', KEYS[3], 'w' .. length, math.floor(now / length), 'n' .. length, count)
  keep_for(KEYS[3], length)
end
"""

# ... weight, ceiling, head start ms (-1: not paced), silences that this process knows of, ms left:
# of the counter, of the address; new orders; then (window ms, ceiling) of each order limit.
# Answers {ms to wait, ms that the address stays silent}.
ACQUIRE = (
    _NOW
    + """
local weight, top, head = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local banned = silence(KEYS[2], tonumber(ARGV[6]))
local wait = math.max(banned, silence(KEYS[1], tonumber(ARGV[5])))
local orders = tonumber(ARGV[7])
if orders > 0 then wait = math.max(wait, silence(KEYS[3], 0)) end
if wait > 0 then return {wait, banned} end

local used, elapsed = used_now(), now % minute
if used > 0 then
  if used + weight > top then
    wait = minute - elapsed
  elseif head >= 0 then
    wait = math.max(0, math.ceil((used + weight) * minute / top) - head - elapsed)
  end
end
if orders > 0 then
  for i = 8, #ARGV, 2 do
    local length = tonumber(ARGV[i])
    if orders_in(length) + orders > tonumber(ARGV[i + 1]) then
      wait = math.max(wait, length - now % length)
    end
  end
end
if wait > 0 then
  keep(used)
  return {wait, banned}
end
keep(used + weight)
if orders > 0 then
  for i = 8, #ARGV, 2 do
    local length = tonumber(ARGV[i])
    keep_orders(length, orders_in(length) + orders)
  end
end
return {0, banned}
"""
)

# ... used weight as told or -1, ms of a minute whose answers are blurred, silences learned, ms:
# counter, address, orders; this process; label and weight limit of the counter; n = order windows,
# then n times (window ms, told count or -1); then (name, count) of the waits to add. Answers how
# many processes share this counter.
LEARN = (
    _NOW
    + """
silence(KEYS[1], tonumber(ARGV[4]))
silence(KEYS[2], tonumber(ARGV[5]))
silence(KEYS[3], tonumber(ARGV[6]))
local told, used = tonumber(ARGV[2]), used_now()
if told >= 0 and now % minute >= tonumber(ARGV[3]) then used = math.max(used, told) end
keep(used)
local first = 11 + 2 * tonumber(ARGV[10])
for i = 11, first - 1, 2 do
  local length, count = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if count >= 0 then
    if length <= minute then count = math.max(count, orders_in(length)) end
    keep_orders(length, count)
  end
end
redis.call('HSET', KEYS[6], 'label', ARGV[8], 'limit', ARGV[9], 'address', KEYS[2])
for i = first, #ARGV, 2 do redis.call('HINCRBY', KEYS[6], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[6], 1440 * minute)
redis.call('ZADD', KEYS[5], now, ARGV[7])
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - minute)
redis.call('PEXPIRE', KEYS[5], 2 * minute)
return redis.call('ZCARD', KEYS[5])
"""
)
