import { NOW_US, PUSH, type Script, script } from "./scripts.ts";

/**
 * KEYS: delayed set. ARGV: channel; then for each message its moment (ns since the epoch), its list, its element, and
 * what follows that in the set. What is due goes to its list at once.
 * Returns the position, from 0, and the error of each that was not accepted.
 */
export const DELAY: Script = script(`
${NOW_US}
local now = (now_us() - 1) * 1000
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local first = tonumber(head[2] or 'inf')
local earliest = math.huge
local failed = {}
for i = 2, #ARGV, 4 do
  local at, done = tonumber(ARGV[i]), nil
  if at <= now then
    done = redis.pcall('RPUSH', ARGV[i + 1], ARGV[i + 2])
  else
    done = redis.pcall('ZADD', KEYS[1], ARGV[i], ARGV[i + 2] .. ARGV[i + 3])
    if at < earliest then earliest = at end
  end
  if type(done) == 'table' and done.err then
    failed[#failed + 1] = (i - 2) / 4
    failed[#failed + 1] = done.err
  end
end
if earliest < first then redis.call('PUBLISH', ARGV[1], '') end
return failed
`);

/**
 * Moves what is due, oldest first, to its lists.
 *
 * KEYS: delayed set, list of what cannot be moved. ARGV: the most to move; the prefix of all keys.
 * Returns { how many left the set, ms until the next is due (-1: none), how many of them could not be moved, now (ms) }.
 */
export const MOVE: Script = script(`
${NOW_US}
${PUSH}
local now = (now_us() - 1) * 1000
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
local function unescaped(text)
  if not string.find(text, '%', 1, true) then return text end
  return (string.gsub(text, '%%(%x%x)', function(code) return string.char(tonumber(code, 16)) end))
end
local lists, order, channels, bad = {}, {}, {}, {}
for i = 1, #due do
  local member = due[i]
  local element, list, channel = string.match(member, '^(.*)\\n#wfe %w+ (%S+) (%S+)$')
  if element then
    list = unescaped(list)
    if channel ~= '-' then channels[unescaped(channel)] = true end
  else
    element = member
    local ok, call = pcall(cjson.decode, member)
    local key = ok and type(call) == 'table' and call.RoutingKey
    if type(key) == 'string' and key ~= '' then list = ARGV[2] .. key end
  end
  if not list then
    bad[#bad + 1] = member
  else
    if not lists[list] then
      lists[list] = {}
      order[#order + 1] = list
    end
    table.insert(lists[list], element)
  end
end
if #due > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, #due - 1) end
for _, list in ipairs(order) do
  if push('RPUSH', list, lists[list]) then
    for _, element in ipairs(lists[list]) do bad[#bad + 1] = element end
  end
end
if #bad > 0 then push('RPUSH', KEYS[2], bad) end
for channel in pairs(channels) do redis.call('PUBLISH', channel, '') end
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wait = -1
if head[2] then wait = math.max(0, math.ceil((tonumber(head[2]) - now) / 1000000)) end
return { #due, wait, #bad, math.floor(now / 1000000) }
`);

/**
 * KEYS: delayed set. ARGV: lists, joined by a NUL, each ending in one; rank to begin at; how many to look at; how many
 * to show; the prefix. Returns { looked at, belonging to these lists, of those due already, then score and member of the
 * first … }.
 */
export const PEEK: Script = script(`
${NOW_US}
local now = (now_us() - 1) * 1000
local from, count, show = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local found = redis.call('ZRANGE', KEYS[1], from, from + count - 1, 'WITHSCORES')
local reply, mine, due = { #found / 2, 0, 0 }, 0, 0
for i = 1, #found, 2 do
  local list = string.match(found[i], '^.*\\n#wfe %w+ (%S+) %S+$')
  if list then
    list = string.gsub(list, '%%(%x%x)', function(code) return string.char(tonumber(code, 16)) end)
  else
    local ok, call = pcall(cjson.decode, found[i])
    local key = ok and type(call) == 'table' and call.RoutingKey
    list = type(key) == 'string' and ARGV[5] .. key or ''
  end
  if string.find(ARGV[1], '\\0' .. list .. '\\0', 1, true) then
    mine = mine + 1
    if tonumber(found[i + 1]) <= now then due = due + 1 end
    if mine <= due + show then
      reply[#reply + 1] = found[i + 1]
      reply[#reply + 1] = found[i]
    end
  end
end
reply[2], reply[3] = mine, due
return reply
`);
