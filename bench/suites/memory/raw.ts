import { type RawCall, rawCall } from "../../rawCall.ts";
import type { Run } from "../../suite.ts";
import { type Clock, inLanes, tasksIn } from "./task.ts";

/**
 * The floor: what any queue with this wire format must do for a task, and nothing else. Encodes the call as
 * machinery's JSON (the same bytes as ours), decodes it, runs it, stores two states in a Map, and awaits once for
 * each of its four steps. No gathering, no order of states, no retries, no waiting: just the bytes.
 */
export const raw =
  (clock: Clock): Run =>
  async (how) => {
    const states = new Map<string, object>();
    const { warmUp, measured } = tasksIn(how);
    const one = async (index: number): Promise<void> => {
      const sent = rawCall(index);
      const body = JSON.stringify(sent);
      states.set(sent.UUID, stateOf(sent.UUID, "PENDING", undefined));
      await turn(); // sent
      const call = JSON.parse(body) as RawCall;
      await turn(); // fetched
      const answer = await add(call.Args[0]?.Value ?? NaN, call.Args[1]?.Value ?? NaN);
      states.set(call.UUID, stateOf(call.UUID, "SUCCESS", answer));
      await turn(); // woken
      if (!states.has(call.UUID)) throw new Error("no result");
    };
    await inLanes(warmUp, 200, one);
    const time = await how.timed(() => inLanes(measured, 200, one));
    return (clock(time) * 1000) / measured;
  };

async function turn(): Promise<void> {}

async function add(a: number, b: number): Promise<number> {
  return a + b;
}

function stateOf(id: string, status: string, answer: number | undefined) {
  const createdAt = Date.now();
  return {
    id,
    name: "add",
    status,
    attempt: 0,
    start: 1,
    beat: 0,
    run: "",
    results: answer === undefined ? [] : [{ type: "int64", value: answer }],
    error: "",
    createdAt,
    expiresAt: createdAt + 3_600_000,
  };
}
