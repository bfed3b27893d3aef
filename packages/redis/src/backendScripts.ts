import { type Script, script } from "./scripts.ts";

/** Before the id in the name of a channel: the end of a task is told there, with its encoded state. */
export const END_CHANNEL = "wfe:end:";

/**
 * Saves states that supersede what stands (core's order.ts says which do).
 *
 * KEYS: the states. ARGV: prefix of channels; then runs of states that are alike but for their JSON, as most of a batch
 * are: how many, time to live in ms (0: no end, -1: over already), attempt, start, rank ("5": REVOKED), beat, and all
 * their JSON, a line each. (Each value of a command costs the client more than a state does, hence so few of them.)
 * Returns a list of position and standing JSON for each that was refused, and of minus the position and an error for each
 * that failed.
 *
 * What stands is not decoded, which would cost more than all else. Its fields are found by text that can stand nowhere
 * before them: quotes inside of JSON strings are escaped, State comes before anything that nests, and only a state that
 * is not final can be superseded, which has no results. One with results all the same is decoded.
 */
export const SAVE: Script = script(`
local find, byte, match = string.find, string.byte, string.match
local call, pcall_ = redis.call, redis.pcall
local reply, n = {}, 0
local at = 2
local ttl, attempt_, start_, rank_, beat_
local OURS = '^%u+","Results":null,"Error":"[^"]*","CreatedAt":"[^"]*","TTL":0,"Attempt":(%d+),"Start":(%d+)()'
local function decoded(json)
  local ok, state = pcall(cjson.decode, json)
  if not ok or type(state) ~= 'table' then return nil end
  local function number(value) return type(value) == 'number' and value or nil end
  return true, number(state.Attempt), number(state.Start), number(state.Beat) or 0
end
local function wins(json)
  local _, from = find(json, ',"State":"', 1, true)
  if not from then return false end
  from = from + 1
  local first, second, third = byte(json, from, from + 2)
  if first == 70 or (first == 83 and second == 85) then return false end -- FAILURE, SUCCESS
  if rank_ == '5' then return true end
  local rank = first == 83 and '2' or first == 80 and '0' or third == 67 and '1' or '3' -- STARTED, PENDING, RECEIVED
  local attempt, start, rest = match(json, OURS, from)
  local beat
  if not attempt then
    local ok
    ok, attempt, start, beat = decoded(json)
    if not ok then return false end
  end
  if attempt and attempt ~= attempt_ then
    local ours, theirs = tonumber(attempt_), tonumber(attempt)
    if ours ~= theirs then return ours > theirs end
  end
  if not start then start = rank == '0' and '0' or '1' end
  if start ~= start_ then
    local ours, theirs = tonumber(start_), tonumber(start)
    if ours ~= theirs then return ours > theirs end
  end
  if rank_ ~= rank then return rank_ > rank end
  return tonumber(beat_) > (beat or tonumber(match(json, '^,"Beat":(%d+)', rest) or 0))
end
local function save(key, value)
  local stored
  if rank_ == '0' and ttl ~= '-1' then
    if ttl == '0' then stored = pcall_('SET', key, value, 'NX') else stored = pcall_('SET', key, value, 'NX', 'PX', ttl) end
    if stored and not stored.err then return end
    if stored then return stored end
  end
  local standing = pcall_('GET', key)
  if type(standing) == 'table' then return standing end
  if standing and not wins(standing) then return standing end
  if ttl == '0' then
    stored = pcall_('SET', key, value)
  elseif ttl == '-1' then
    call('DEL', key)
  else
    stored = pcall_('SET', key, value, 'PX', ttl)
  end
  if stored and stored.err then return stored end
  if rank_ > '3' then call('PUBLISH', ARGV[1] .. key, value) end
end
local alike, lines, from = 0, nil, nil
for k = 1, #KEYS do
  if alike == 0 then
    alike = tonumber(ARGV[at])
    ttl, attempt_, start_, rank_, beat_ = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    lines, from = ARGV[at + 6], 1
    at = at + 7
  end
  alike = alike - 1
  local to = alike > 0 and find(lines, '\n', from, true) or #lines + 1
  local refused = save(KEYS[k], string.sub(lines, from, to - 1))
  from = to + 1
  if refused then
    n = n + 2
    if type(refused) == 'table' then
      reply[n - 1], reply[n] = -k, refused.err
    else
      reply[n - 1], reply[n] = k, refused
    end
  end
end
return reply
`);

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
