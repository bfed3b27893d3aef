import { type Script, script } from "./scripts.ts";

/**
 * KEYS: lock, fence. ARGV: owner, time to live in ms. Returns the number of this holder, or nothing if it is held.
 * The number is above the last one, and not below the server's clock in microseconds: it grows even where the last one
 * was forgotten, after a month without a holder.
 */
export const ACQUIRE: Script = script(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local t = redis.call('TIME')
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, tonumber(t[1]) * 1000000 + tonumber(t[2]))
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text, 'PX', 2592000000 + ARGV[2])
return text
`);

/** KEYS: lock, fence. ARGV: owner, owner from now on, time to live in ms. Returns 1, or 0 if it is somebody else's. */
export const EXTEND: Script = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`);

/** KEYS: lock, fence. ARGV: owner. Returns 1, or 0 if it is somebody else's. */
export const RELEASE_LOCK: Script = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);
