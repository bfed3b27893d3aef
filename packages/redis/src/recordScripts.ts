import { type Script, script } from "./scripts.ts";

/**
 * KEYS: set of the collection's keys, the same by expiry, then the records. ARGV: for each record its key, value,
 * expiry (epoch ms), time to live in ms (0: no end), and the version that must stand ("": any).
 * Returns for each { 1, version } or { 0, standing record }.
 *
 * A record is "version expiry value". Versions are the server's microseconds, so a record that comes again repeats none.
 */
export const PUT: Script = script(`
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local reply = {}
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now / 1000, 'LIMIT', 0, 20)
if #old > 0 then
  redis.call('ZREM', KEYS[1], unpack(old))
  redis.call('ZREM', KEYS[2], unpack(old))
end
for i = 1, #KEYS - 2 do
  local at = (i - 1) * 5
  local key, value, expires_at, ttl, wanted = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4]), ARGV[at + 5]
  local standing = redis.call('GET', KEYS[i + 2])
  local version = standing and tonumber(string.match(standing, '^%d+')) or 0
  if wanted ~= '' and tonumber(wanted) ~= version then
    reply[i] = { 0, standing }
  else
    version = math.max(now, version + 1)
    local text = string.format('%.0f', version)
    local record = text .. ' ' .. expires_at .. ' ' .. value
    if ttl == 0 then redis.call('SET', KEYS[i + 2], record) else redis.call('SET', KEYS[i + 2], record, 'PX', ttl) end
    redis.call('ZADD', KEYS[1], 0, key)
    redis.call('ZADD', KEYS[2], ttl == 0 and '+inf' or now / 1000 + ttl, key)
    reply[i] = { 1, text }
  end
end
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
for i = 1, 2 do
  if last == 'inf' then
    redis.call('PERSIST', KEYS[i])
  elseif last then
    redis.call('PEXPIRE', KEYS[i], math.ceil(math.max(1, last - now / 1000)))
  end
end
return reply
`);
