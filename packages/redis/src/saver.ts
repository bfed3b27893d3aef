import {
  decodeState,
  encodeState,
  rankOf,
  type SaveOutcome,
  type TaskState,
  toError,
  WfeError,
} from "@wfe/core";
import { END_CHANNEL, SAVE } from "./stateScripts.ts";
import { replyError } from "./errors.ts";
import type { Argument, Link } from "./link.ts";
import { ttlMs } from "./ttl.ts";

export interface SaverOptions {
  readonly prefix: string;
  readonly maxValueBytes: number;
}

const STORED: SaveOutcome = { stored: true };

/** Saves the states of one batch with one script; in a cluster, where each lies on a node of its own, one each. */
export function saver(
  link: Link,
  { prefix, maxValueBytes }: SaverOptions,
): (states: readonly TaskState[]) => Promise<SaveOutcome[]> {
  const save = async (states: readonly TaskState[]): Promise<SaveOutcome[]> => {
    const outcomes = states.map((): SaveOutcome => STORED);
    const keys: string[] = [];
    const args: Argument[] = [END_CHANNEL];
    const indexes: number[] = [];
    const now = Date.now();
    let order = "";
    let lines: string[] = [];
    const endRun = (): void => {
      if (lines.length > 0) args.push(lines.length, ...order.split(" "), lines.join("\n"));
      lines = [];
    };
    for (let index = 0; index < states.length; index++) {
      const state = states[index] as TaskState;
      try {
        const json = fitting(encodeState(state), state.id, maxValueBytes);
        const its = orderOf(state, now);
        if (its !== order) endRun();
        order = its;
        lines.push(json);
        keys.push(prefix + state.id);
        indexes.push(index);
      } catch (error) {
        outcomes[index] = { stored: false, error: toError(error) };
      }
    }
    endRun();
    if (keys.length === 0) return outcomes;
    const refused = (await link.run(SAVE, keys, args)) as (number | string)[];
    for (let i = 0; i < refused.length; i += 2) {
      const position = Number(refused[i]);
      const index = indexes[Math.abs(position) - 1] as number;
      outcomes[index] = refusal(position, String(refused[i + 1]), states[index] as TaskState);
    }
    return outcomes;
  };

  if (!link.isCluster) return (states) => (states.length === 0 ? Promise.resolve([]) : save(states));
  return async (states) => {
    const one = (state: TaskState): Promise<SaveOutcome[]> =>
      save([state]).catch((error: unknown) => [{ stored: false, error: toError(error) }]);
    return (await Promise.all(states.map(one))).flat();
  };
}

/** What the script needs to know besides the JSON. */
function orderOf(state: TaskState, now: number): string {
  const rank = state.status === "REVOKED" ? 5 : rankOf(state.status);
  const ttl = state.expiresAt <= now ? -1 : ttlMs(state.expiresAt);
  return `${ttl} ${state.attempt ?? 0} ${state.start ?? 1} ${rank} ${state.beat}`;
}

function refusal(position: number, text: string, { id }: TaskState): SaveOutcome {
  if (position < 0) return { stored: false, error: replyError(text, `saving the state of ${id}`) };
  try {
    return { stored: false, state: decodeState(text) };
  } catch (error) {
    return { stored: false, error: toError(error) };
  }
}

function fitting(json: string, id: string, maxBytes: number): string {
  if (json.length * 3 > maxBytes && Buffer.byteLength(json) > maxBytes) {
    throw new WfeError("WFE_TOO_LARGE", `the state of ${id} has more than ${maxBytes} bytes`);
  }
  return json;
}
