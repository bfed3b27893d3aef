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
  local to = alike > 0 and find(lines, '\\n', from, true) or #lines + 1
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

/** KEYS: states. ARGV: time to live in ms ("": for ever). One command for many, where each would cost the client as much. */
export const EXPIRE: Script = script(`
for i = 1, #KEYS do
  if ARGV[1] == '' then redis.call('PERSIST', KEYS[i]) else redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
end
`);
