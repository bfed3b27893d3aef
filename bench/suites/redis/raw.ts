/**
 * The limit: bare ioredis moving the bytes that machinery's format makes of a task (message, PENDING, STARTED, SUCCESS),
 * in batches and with as few commands as Redis allows. No gathering, no guard against older states, no leases, no
 * retries, no waking: a task in the hands of a worker that dies is lost.
 */
import { type RawCall, rawCall } from "../../rawCall.ts";
import { Redis } from "ioredis";
import { runProgram, url } from "./program.ts";

const QUEUE = "raw";
const KEEP_MS = 3_600_000;

/** KEYS: ids; ARGV: their states. ioredis sends its hash once the server knows it. */
const KEEP = `for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i], 'PX', ${KEEP_MS}) end`;

interface Saving extends Redis {
  keep(count: number, ...idsAndStates: string[]): Promise<unknown>;
}

function connect(): Saving {
  const redis = new Redis(url, { enableAutoPipelining: true }); // one write for all commands of a tick
  redis.defineCommand("keep", { lua: KEEP });
  return redis as unknown as Saving;
}

const redis = connect();

await runProgram({
  async worker(concurrency) {
    await redis.ping();
    void fetch(concurrency);
  },
  async bulk(from, count) {
    const calls = Array.from({ length: count }, (_, index) => rawCall(from + index));
    const bodies = calls.map((call) => JSON.stringify(call));
    await Promise.all([save(calls, "PENDING"), redis.rpush(QUEUE, ...bodies)]);
  },
  async each(index) {
    const call = rawCall(index);
    await Promise.all([
      redis.set(call.UUID, stateOf(call, "PENDING"), "PX", KEEP_MS),
      redis.rpush(QUEUE, JSON.stringify(call)),
    ]);
  },
  /** Three round trips, one after the other: what a task needs at least when nothing else is going on. */
  async trip(index) {
    const call = rawCall(index);
    await redis.rpush(QUEUE, JSON.stringify(call));
    await redis.set(call.UUID, stateOf(call, "SUCCESS"), "PX", KEEP_MS);
    await redis.get(call.UUID);
  },
});

async function fetch(count: number): Promise<void> {
  for (;;) {
    const bodies = await redis.lpop(QUEUE, count);
    const calls = bodies?.map((body) => JSON.parse(body) as RawCall) ?? [];
    if (calls.length === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    else {
      await save(calls, "STARTED");
      await save(calls, "SUCCESS");
    }
  }
}

function save(calls: readonly RawCall[], status: string): Promise<unknown> {
  const ids = calls.map((call) => call.UUID);
  return redis.keep(ids.length, ...ids, ...calls.map((call) => stateOf(call, status)));
}

function stateOf({ UUID, Name, Args: [a, b] }: RawCall, status: string): string {
  const value = (a?.Value ?? 0) + (b?.Value ?? 0);
  return JSON.stringify({
    TaskUUID: UUID,
    TaskName: Name,
    State: status,
    Results: status === "SUCCESS" ? [{ Type: "int64", Value: value }] : null,
    Error: "",
    CreatedAt: new Date().toISOString(),
    TTL: 0,
  });
}
