/**
 * Checked by `tsc` alone: what must compile does, and below each `@ts-expect-error` stands what must not.
 * Nothing here is ever run.
 */
import { bytes, chain, chord, defineTask, float64, group, int32, int64, results, Server } from "@wfe/core";
import type { Backend, Broker, GroupResult, Result, Signature } from "@wfe/core";

declare const broker: Broker;
declare const backend: Backend;
declare function same<T>(): <U>(value: U) => [U] extends [T] ? ([T] extends [U] ? true : false) : false;
declare function yes(value: true): void;

const server = new Server({}, broker, backend);
const tasks = {
  add: (a: number, b: number) => a + b,
  multiply: (...n: number[]) => n.reduce((x, y) => x * y, 1),
  sum: (n: readonly number[]) => n.length,
  label: (text: string, n: number) => `${text} ${n}`,
  pair: (n: number) => results(n, `${n}`),
  take: (n: number, text: string) => text.length + n,
  nothing: () => {},
  later: async (n: number) => await Promise.resolve(n > 0),
  optional: (n: number, text?: string) => `${n}${text}`,
  first: (n: number, ...rest: string[]) => `${n}${rest.join("")}`,
  big: (n: bigint) => n,
  file: (content: Uint8Array) => content.length,
  declared: defineTask((n: number) => n, { params: ["int32"], timeoutMs: 1000 }),
  mixed: (n: number, text: string, flag: boolean) => `${n}${text}${flag}`,
};
const t = server.register(tasks);
const { add, multiply, sum, label, pair, take, nothing, later, optional, first, big, file, declared, mixed } =
  t;

export async function typedResults(): Promise<void> {
  yes(same<Result<number>>()(await server.send(add(1, 2))));
  yes(same<number>()(await (await server.send(add(1, 2))).get()));
  yes(same<Result<string>>()(await server.send(label("a", 1))));
  yes(same<Result<boolean>>()(await server.send(later(1))));
  yes(same<Result<number>>()(await server.send(declared(1))));
  yes(same<[number, string]>()(await (await server.send(pair(1))).get()));
  yes(same<Result<number>>()(await server.send(chain(add(1, 2), multiply(4)))));
  yes(same<Result<string>>()(await server.send(chain(add(1, 2), label.partial("is")))));
  yes(same<Result<number>>()(await server.send(chord(group(add(1, 1), add(2, 2)), multiply()))));
  yes(
    same<GroupResult<[number, string, boolean]>>()(
      await server.send(group(add(1, 1), label("a", 1), later(1))),
    ),
  );
  const mixedGroup = await server.send(group(add(1, 1), label("a", 1)));
  yes(same<Result<string>>()(mixedGroup.members[1]));
  yes(same<[number, string]>()(await mixedGroup.get()));
  yes(same<Result<number>>()(server.result<number>("id")));
}

export async function argumentsOfCalls(): Promise<void> {
  await server.send(optional(1));
  await server.send(optional(1, "x"));
  await server.send(first(1));
  await server.send(first(1, "a", "b"));
  await server.send(multiply());
  await server.send(nothing());
  // @ts-expect-error: a string is no number
  add("1", 2);
  // @ts-expect-error: too many
  add(1, 2, 3);
  // @ts-expect-error: an argument is missing, and it was not called partial
  await server.send(add(1));
  // @ts-expect-error: an argument is missing
  await server.send(add.partial(1));
  // @ts-expect-error: of the rest, too
  first(1, 2);
  // @ts-expect-error: the second one is a string
  optional(1, 2);
  // @ts-expect-error: no such task
  t.subtract(1, 2);
}

export async function statedTypes(): Promise<void> {
  await server.send(add(int32(5), float64(2)));
  await server.send(big(int64(5n)));
  await server.send(file(bytes(new Uint8Array())));
  // @ts-expect-error: int32 holds no bigint
  int32(5n);
  // @ts-expect-error: this parameter takes a bigint
  big(5);
  // @ts-expect-error: a stated number is no string
  label(int32(5), 1);
}

export async function links(): Promise<void> {
  await server.send(chain(pair(1), take.partial()));
  await server.send(chain(nothing(), add(1, 2)));
  await server.send(chain(add(1, 2), multiply(), multiply(2), label.partial("is")));
  await server.send(chain(add(1, 2), optional.partial()));
  await server.send(chain(add(1, 2), first.partial()));
  // @ts-expect-error: a number is no string
  chain(add(1, 2), label.partial());
  // @ts-expect-error: a string is no number
  chain(label("a", 1), multiply());
  // @ts-expect-error: add(1, 2) takes no third
  chain(add(1, 2), add(1, 2));
  // @ts-expect-error: nothing() gives nothing, take misses two
  chain(nothing(), take.partial());
  // @ts-expect-error: take misses a string as well
  chain(add(1, 2), take.partial());
  // @ts-expect-error: the third link is the wrong one
  chain(add(1, 2), multiply(), file.partial());
  // @ts-expect-error: its first link misses an argument
  await server.send(chain(add.partial(1), multiply()));
  // @ts-expect-error: a task is no link until it is called
  chain(add(1, 2), multiply);
}

export async function groups(): Promise<void> {
  await server.send(chord(group(add(1, 1), label("a", 1)), take.partial()));
  await server.send(chord(group(pair(1), later(1)), mixed.partial()));
  await server.send(chain(group(add(1, 1), add(2, 2)), multiply(), add.partial(1)));
  await server.send(chord(group(), nothing()));
  const many: Signature<[], number>[] = [1, 2, 3].map((n) => add(n, n));
  yes(same<Result<number>>()(await server.send(chord(group(...many), multiply()))));
  yes(same<Result<number>>()(await server.send(chord(group(...many), sum.partial().set({ collect: true })))));
  // @ts-expect-error: in the other order
  chord(group(label("a", 1), add(1, 1)), take.partial());
  // @ts-expect-error: one is left over
  chord(group(add(1, 1), add(1, 1), add(1, 1)), add.partial());
  // @ts-expect-error: an array is taken only by one who collects
  chord(group(...many), sum.partial());
  // @ts-expect-error: a chord begins with a group
  chord(chain(add(1, 1)), multiply());
  // @ts-expect-error: a member misses an argument
  await server.send(group(add.partial(1), add(1, 2)));
}

export async function nested(): Promise<void> {
  const inner = chord(group(add(1, 1), add(2, 2)), multiply());
  yes(same<Result<string>>()(await server.send(chain(inner, label.partial("is")))));
  yes(
    same<Result<number>>()(
      await server.send(chord(group(inner, chain(add(1, 1), multiply())), add.partial())),
    ),
  );
  yes(same<Result<number>>()(await server.send(chord(group(add(1, 1)), chain(multiply(2), multiply())))));
  yes(
    same<Result<number>>()(await server.send(chord(group(add(1, 1)), chord(group(multiply()), multiply())))),
  );
  // @ts-expect-error: the inner chord gives a number
  chain(inner, file.partial());
  // @ts-expect-error: the callback's first link takes a Uint8Array
  chord(group(add(1, 1)), chain(file.partial(), multiply()));
}

export async function optionsOfSignatures(): Promise<void> {
  await server.send(add(1, 2).set({ queue: "q", retries: 3, priority: 5 }));
  await server.send(chain(add(1, 2), nothing().set({ immutable: true })));
  await server.send(chain(add(1, 2), label("a", 1).set({ immutable: true })));
  await server.send(chord(group(add(1, 2)), add(1, 2).set({ immutable: true })));
  await server.send(
    add(1, 2).set({ onSuccess: [multiply(), label.partial("is")], onError: [label.partial()] }),
  );
  // @ts-expect-error: no such option
  add(1, 2).set({ retry: 3 });
  // @ts-expect-error: immutable does not fill what is missing
  await server.send(chain(add(1, 2), label.partial("a").set({ immutable: true })));
  // @ts-expect-error: a queue is a string
  add(1, 2).set({ queue: 1 });
}

export async function withoutTheCode(): Promise<void> {
  const remote = server.remote<typeof tasks>();
  yes(same<Result<number>>()(await server.send(remote.add(1, 2))));
  yes(same<Result<number>>()(await server.send(remote.declared(1))));
  // @ts-expect-error: it has types all the same
  remote.add("1", 2);
  const untyped = server.signature("anything", [1, "x"]);
  await server.send(untyped);
  await server.send(chain(add(1, 2), untyped, label.partial("is")));
  await server.send(chord(group(untyped, add(1, 2)), multiply()));
  await server.send(chord(group(add(1, 2)), untyped));
}

// @ts-expect-error: a task is a function
server.register({ wrong: 5 });
