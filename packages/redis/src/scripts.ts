import { createHash } from "node:crypto";
import { FRESH, REDELIVERED } from "./element.ts";

/** Lua that runs on the server as one step. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  let sha: string | undefined;
  return {
    lua,
    get sha() {
      return (sha ??= createHash("sha1").update(lua).digest("hex"));
    },
  };
}

/** Lua shared by the scripts below. Redis takes at most some 8,000 arguments a call, hence the slices. */
export const NOW_US: string = `
local function now_us()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end
`;
export const PUSH: string = `
local SLICE = 1000
local function push(command, list, items)
  for from = 1, #items, SLICE do
    local reply = redis.pcall(command, list, unpack(items, from, math.min(from + SLICE - 1, #items)))
    if type(reply) == 'table' and reply.err then return reply end
  end
end
`;
/** Puts entries back at the head of their lists, in their old order; \`mark\`: told as redeliveries. */
const GIVE_BACK = `
${PUSH}
local MARK, FRESH = ${JSON.stringify(REDELIVERED)}, ${JSON.stringify(FRESH)}
local function marked(element)
  local last = string.sub(element, -#MARK)
  if last == MARK then return element end
  if last == FRESH then element = string.sub(element, 1, -#FRESH - 1) end
  return element .. MARK
end
-- entries: { level (string), element }, oldest first
local function give_back(entries, main, base)
  local lists, order = {}, {}
  for i = #entries, 1, -1 do
    local list = main
    if entries[i][1] ~= '' then list = base .. entries[i][1] end
    if not lists[list] then
      lists[list] = {}
      order[#order + 1] = list
    end
    table.insert(lists[list], entries[i][2])
  end
  for _, list in ipairs(order) do
    local failed = push('LPUSH', list, lists[list])
    if failed then return failed end
  end
end
`;

/**
 * One turn of a consumer: settles what it acked and takes more.
 *
 * KEYS: held hash, woken list, then the lists of the queue, highest level first.
 * ARGV: number of the turn; first free number for entries; how many to take; number under which to enter what a blocked
 * fetch brought ("": nothing), and its bytes; then the acked fields.
 * Returns { 0 } when this consumer is not known (any more); { 2, error } when a list could not be read; else
 * { 1, taken from woken, taken from each list …, then the elements in that order }.
 * Repeating a turn whose answer was lost does nothing and gives the same answer.
 */
export const TURN: Script = script(`
local held = KEYS[1]
local last = redis.call('HGET', held, 't')
if not last then return { 0 } end
local seq, want = tonumber(ARGV[2]), tonumber(ARGV[3])
local reply, elements = { 1 }, {}
local function suffix(i)
  local level = i > 2 and string.match(KEYS[i], ':p(%d+)$')
  return level and i < #KEYS and ':' .. level or ''
end
if last == ARGV[1] then
  for i = 2, #KEYS do
    local n, tail = 0, suffix(i)
    while want > 0 do
      local element = redis.call('HGET', held, seq .. tail)
      if not element then break end
      elements[#elements + 1] = element
      seq, want, n = seq + 1, want - 1, n + 1
    end
    reply[i] = n
  end
else
  local changed = #ARGV > 5
  if ARGV[4] ~= '' and redis.call('LREM', KEYS[2], 1, ARGV[5]) == 1 then
    redis.call('HSET', held, ARGV[4], ARGV[5])
    changed = true
  end
  for from = 6, #ARGV, 1000 do
    redis.call('HDEL', held, unpack(ARGV, from, math.min(from + 999, #ARGV)))
  end
  local pairs_, failed = { 't', ARGV[1] }, nil
  for i = 2, #KEYS do
    local taken = want > 0 and redis.pcall('LPOP', KEYS[i], want) or {}
    if not taken then taken = {} end
    if taken.err then
      failed, taken = taken.err, {}
    end
    local tail = suffix(i)
    for j = 1, #taken do
      pairs_[#pairs_ + 1] = seq .. tail
      pairs_[#pairs_ + 1] = taken[j]
      elements[#elements + 1] = taken[j]
      seq = seq + 1
    end
    want = want - #taken
    reply[i] = #taken
  end
  if changed or #elements > 0 then redis.call('HSET', held, unpack(pairs_)) end
  if failed and #elements == 0 then return { 2, failed } end
end
for i = 1, #elements do reply[#KEYS + i] = elements[i] end
return reply
`);

/**
 * KEYS: consumers, held hash. ARGV: consumer; length of its lease in ms; "register", "beat" or "look" (changes nothing).
 * Returns { known, ms until the next lease of anyone ends (-1: nobody has one), consumers whose lease has ended … }.
 */
export const BEAT: Script = script(`
${NOW_US}
local now = math.floor(now_us() / 1000)
local known = 1
if ARGV[3] ~= 'register' and (not redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('EXISTS', KEYS[2]) == 0) then
  known = 0
elseif ARGV[3] ~= 'look' then
  redis.call('ZREM', KEYS[1], ARGV[1]) -- a write that a full memory allows: then it allows the others
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  redis.call('HSETNX', KEYS[2], 't', '0')
end
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)
local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local reply = { known, first[2] and tonumber(first[2]) - now or -1 }
for i = 1, #dead do reply[2 + i] = dead[i] end
return reply
`);

/**
 * Gives back everything that a consumer holds, and forgets the consumer.
 *
 * KEYS: consumers, held hash, woken list, the queue's list. ARGV: consumer; what precedes the number of a level in the
 * name of its list; "reap" (only if its lease has ended) or "leave"; for how many ms its woken list must refuse what a
 * blocked fetch of it might still bring (0: none is left); then the fields that were never handed out.
 * Returns how many went back, or -1 if its lease has not ended.
 */
export const RETIRE: Script = script(`
${NOW_US}
${GIVE_BACK}
local reaping = ARGV[3] == 'reap'
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if reaping and (not score or tonumber(score) > math.floor(now_us() / 1000)) then return -1 end
redis.call('ZREM', KEYS[1], ARGV[1]) -- first, and no write that a full memory forbids: the others then may follow
local new = {}
for i = 5, #ARGV do new[ARGV[i]] = true end
local numbers, found = {}, {}
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local number, level = string.match(all[i], '^(%d+):?(%d*)$')
  if number then
    number = tonumber(number)
    numbers[#numbers + 1] = number
    found[number] = { level, new[all[i]] and all[i + 1] or marked(all[i + 1]) }
  end
end
table.sort(numbers)
local entries = {}
for i = 1, #numbers do entries[i] = found[numbers[i]] end
local woken = redis.pcall('LRANGE', KEYS[3], 0, -1)
if not woken.err then
  for i = 1, #woken do entries[#entries + 1] = { '', reaping and marked(woken[i]) or woken[i] } end
end
local failed = give_back(entries, KEYS[4], ARGV[2])
if failed then
  if score then redis.call('ZADD', KEYS[1], score, ARGV[1]) end
  return failed
end
redis.call('DEL', KEYS[2], KEYS[3])
if ARGV[4] ~= '0' then redis.call('SET', KEYS[3], 'closed', 'PX', ARGV[4]) end
return #entries
`);

/**
 * Gives back some entries of a living consumer.
 *
 * KEYS: held hash, woken list, the queue's list, the queue's own delayed set. ARGV: what precedes the number of a level
 * in the name of its list; "marked" or "new"; delay in ms (0: none); what follows the element in a delayed set; the
 * channel to tell; for how many ms the woken list must refuse a late fetch ("": leave it alone); then the fields, oldest
 * first. Fields that are not there are skipped, so it can be repeated.
 */
export const RELEASE: Script = script(`
${NOW_US}
${GIVE_BACK}
local entries, gone = {}, {}
for i = 7, #ARGV do
  local element = redis.call('HGET', KEYS[1], ARGV[i])
  if element then
    if ARGV[2] == 'marked' then element = marked(element) end
    entries[#entries + 1] = { string.match(ARGV[i], ':(%d+)$') or '', element }
    gone[#gone + 1] = ARGV[i]
  end
end
if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
if ARGV[6] ~= '' then
  local woken = redis.pcall('LRANGE', KEYS[2], 0, -1)
  if not woken.err then
    for i = 1, #woken do entries[#entries + 1] = { '', woken[i] } end
    redis.call('DEL', KEYS[2])
  end
  if ARGV[6] ~= '0' then redis.call('SET', KEYS[2], 'closed', 'PX', ARGV[6]) end
end
if ARGV[3] == '0' then return give_back(entries, KEYS[3], ARGV[1]) or #entries end
local score = string.format('%.0f', (now_us() + ARGV[3] * 1000) * 1000)
for i = 1, #entries do redis.call('ZADD', KEYS[4], score, entries[i][2] .. ARGV[4]) end
redis.call('PUBLISH', ARGV[5], ARGV[3])
return #entries
`);
