import { type Script, script } from "./scripts.ts";

/**
 * KEYS: group record, what is counted of it. ARGV: its JSON, time to live in ms (0: no end), its size.
 * An existing group stays as it is. Returns 1 if it was stored.
 */
export const CREATE_GROUP: Script = script(`
local stored
if ARGV[2] == '0' then
  stored = redis.call('SET', KEYS[1], ARGV[1], 'NX')
else
  stored = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
end
if not stored then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'size', ARGV[3])
if ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return 1
`);

/**
 * Counts members, each once.
 *
 * KEYS: for each member the group record and what is counted of it. ARGV: "1" where members may have been settled by
 * machinery, which only writes their states; the prefix; machinery's mutex; then for each its id and that of the group.
 * Returns for each { remaining, first, triggered }, { -1 } if there is no such group, { -2 } if machinery holds its mutex
 * and so may be triggering this group: ask again; { -3, error } if it failed.
 *
 * The hash of a group: "size"; "n" counted; "=id" for each that was counted; "t" when its follow-ups were published; "at":
 * all members before this one have ended; "go" when machinery has settled one; "c" when we took the trigger from it;
 * ":n" the id of the n-th member of a group that machinery made.
 */
export const SETTLE: Script = script(`
local call = redis.call
local function adopt(record, counts)
  local json = call('GET', record)
  local ok, group = pcall(cjson.decode, json or '')
  if not ok or type(group) ~= 'table' or type(group.TaskUUIDs) ~= 'table' then return nil end
  local size = group.Size or #group.TaskUUIDs
  local fields = { 'size', size }
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  for i, id in ipairs(group.TaskUUIDs) do add(':' .. i, id) end
  if group.ChordTriggered then add('t', '1') end
  for from = 1, #fields, 1000 do call('HSET', counts, unpack(fields, from, math.min(from + 999, #fields))) end
  local ttl = call('PTTL', record)
  if ttl > 0 then call('PEXPIRE', counts, ttl) end
  return size
end
local function ended_in_go(key)
  local state = redis.pcall('GET', key)
  if type(state) ~= 'string' or string.sub(state, -8) ~= '"TTL":0}' then return false end
  local status = string.match(state, '"State":"(%u+)"')
  return status == 'SUCCESS' or status == 'FAILURE'
end
-- counts what has ended in machinery; the cursor only moves on, so all of it costs no more than the members are
local function advance(counts, group, size, prefix)
  local begin = tonumber(call('HGET', counts, 'at') or 1)
  local base, at, found = string.sub(group, 7), begin, 0
  while at <= size do
    local id = call('HGET', counts, ':' .. at) or (base .. '.' .. (at - 1))
    if call('HEXISTS', counts, '=' .. id) == 0 then
      if not ended_in_go(prefix .. id) then break end
      call('HSET', counts, '=' .. id, 'go')
      found = found + 1
    end
    at = at + 1
  end
  if at > begin then call('HSET', counts, 'at', at) end
  if found > 0 then
    call('HSET', counts, 'go', '1')
    call('HINCRBY', counts, 'n', found)
  end
end
local function settle(k, id, group)
  local record, counts = KEYS[k], KEYS[k + 1]
  if call('EXISTS', record) == 0 then return { -1 } end
  local size = tonumber(call('HGET', counts, 'size') or adopt(record, counts))
  if not size then return { -1 } end
  local first = call('HSETNX', counts, '=' .. id, '1')
  local done = call('HINCRBY', counts, 'n', first)
  if done < size and ARGV[1] == '1' and (size <= 1000 or call('HEXISTS', counts, ':1') == 1) then
    advance(counts, group, size, ARGV[2])
    done = tonumber(call('HGET', counts, 'n'))
  end
  local has = call('HMGET', counts, 't', 'go', 'c')
  local triggered = has[1] and 1 or 0
  if done >= size and has[2] and not has[1] and not has[3] then
    if call('EXISTS', ARGV[3]) == 1 then
      if first == 1 then
        call('HDEL', counts, '=' .. id)
        call('HINCRBY', counts, 'n', -1)
      end
      return { -2 }
    end
    local json = call('GET', record)
    if string.find(json, '"ChordTriggered":true', 1, true) then
      call('HSET', counts, 't', '1')
      triggered = 1
    else
      call('SET', record, (string.gsub(json, '"ChordTriggered":false', '"ChordTriggered":true', 1)), 'KEEPTTL')
      call('HSET', counts, 'c', '1')
    end
  end
  return { math.max(0, size - done), first, triggered }
end
local reply = {}
for i = 1, #KEYS / 2 do
  local ok, answer = pcall(settle, 2 * i - 1, ARGV[2 + 2 * i], ARGV[3 + 2 * i])
  reply[i] = ok and answer or { -3, type(answer) == 'table' and answer.err or tostring(answer) }
end
return reply
`);

/** KEYS: group record, what is counted of it. Returns { JSON, settled, triggered } or nothing. */
export const LOAD_GROUP: Script = script(`
local json = redis.call('GET', KEYS[1])
if not json then return false end
local has = redis.call('HMGET', KEYS[2], 'n', 't', 'c')
local settled = tonumber(has[1] or 0)
local theirs = not has[3] and string.find(json, '"ChordTriggered":true', 1, true)
return { json, settled, (has[2] or theirs) and 1 or 0 }
`);

/** KEYS: group record, what is counted of it. ARGV: time to live in ms (0: no end). Returns 1, or 0 if there is none. */
export const MARK_TRIGGERED: Script = script(`
local json = redis.call('GET', KEYS[1])
if not json then return 0 end
json = string.gsub(json, '"ChordTriggered":false', '"ChordTriggered":true', 1)
if ARGV[1] == '0' then
  redis.call('SET', KEYS[1], json)
else
  redis.call('SET', KEYS[1], json, 'PX', ARGV[1])
end
redis.call('HSET', KEYS[2], 't', '1')
if ARGV[1] ~= '0' then redis.call('PEXPIRE', KEYS[2], ARGV[1]) else redis.call('PERSIST', KEYS[2]) end
return 1
`);
