import { expect, test } from "vitest";
import { eagerBroker } from "../src/index.ts";
import { message, microtasks, take } from "./tools.ts";

test("publish resolves when its messages were acked, not before", async () => {
  await using broker = eagerBroker();
  const hand = take(broker, { prefetch: 1 });
  let published = false;
  const publishing = broker.publish([message("a"), message("b")]).then(() => (published = true));
  await microtasks();
  expect(hand.bodies()).toEqual(["a", "b"]); // whatever the prefetch
  await hand.taken[0]?.ack();
  await microtasks();
  expect(published).toBe(false);
  await hand.taken[1]?.ack();
  await publishing;
  expect(await broker.inspect("q")).toMatchObject({ waiting: 0, running: 0, delayed: 0 });
});

test("what a task publishes before its ack has run when the first publish resolves, however deep", async () => {
  await using broker = eagerBroker();
  const finished: string[] = [];
  take(broker, {}, async (delivery) => {
    const depth = Number(delivery.body);
    if (depth > 0) await broker.publish([message(`${depth - 1}`), message("0")]);
    finished.push(delivery.body);
    await delivery.ack();
  });
  await broker.publish([message("50")]);
  expect(finished).toHaveLength(101);
  expect(finished.at(-1)).toBe("50");
});

test("delays and priorities are passed over", async () => {
  await using broker = eagerBroker();
  const hand = take(broker, {}, (delivery) => delivery.ack());
  await broker.publish([
    message("later", { notBefore: Number.MAX_SAFE_INTEGER }),
    message("high", { priority: 9 }),
  ]);
  expect(hand.bodies()).toEqual(["later", "high"]);
});

test("a release delivers again at once, and the publisher waits on", async () => {
  await using broker = eagerBroker();
  const hand = take(broker, {}, (delivery) =>
    delivery.redelivered ? delivery.ack() : delivery.release({ delayMs: 9_999 }),
  );
  await broker.publish([message("a")]);
  expect(hand.taken.map((delivery) => delivery.redelivered)).toEqual([false, true]);
});

test("several consumers share the messages", async () => {
  await using broker = eagerBroker();
  const hands = [1, 2].map(() => take(broker, {}, (delivery) => delivery.ack()));
  await microtasks();
  await broker.publish([message("a"), message("b")]);
  expect(hands.map((hand) => hand.bodies())).toEqual([["a"], ["b"]]);
});

test("without a worker publish rejects, clearly and not to be repeated; its neighbours run", async () => {
  await using broker = eagerBroker();
  const hand = take(broker, { queue: "served" }, (delivery) => delivery.ack());
  const publishing = broker.publish([message("a", { queue: "served" }), message("b", { queue: "lonely" })]);
  await expect(publishing).rejects.toMatchObject({ code: "WFE_PUBLISH_FAILED", retryable: false });
  const failures: ReadonlyMap<number, unknown> = await publishing.catch((error) => error.failures);
  expect([...failures.keys()]).toEqual([1]);
  expect(failures.get(1)).toMatchObject({
    code: "WFE_UNAVAILABLE",
    message: 'eager mode needs a started worker: nobody consumes queue "lonely"',
  });
  expect(hand.bodies()).toEqual(["a"]);
});

test("dead letters are kept until somebody takes them, as many at a time as asked", async () => {
  await using broker = eagerBroker();
  const queue = broker.deadLetterQueue("q");
  await broker.publish([message("a", { queue }), message("b", { queue })]);
  expect(await broker.inspect(queue, { limit: 1 })).toMatchObject({ waiting: 2, firstWaiting: ["a"] });
  const hand = take(broker, { queue, prefetch: 1 });
  await microtasks();
  hand.stop();
  await hand.taken[0]?.release();
  expect(hand.bodies()).toEqual(["a"]);
  expect(await broker.inspect(queue)).toMatchObject({ waiting: 2, running: 0 });
});

test("when the last worker leaves, what it had not finished is refused on its release", async () => {
  await using broker = eagerBroker();
  const hand = take(broker);
  const publishing = [broker.publish([message("a")]), broker.publish([message("b")])];
  await microtasks();
  hand.stop();
  await hand.taken[0]?.ack();
  await hand.taken[1]?.release();
  const ends = await Promise.allSettled(publishing);
  expect(ends.map((end) => end.status)).toEqual(["fulfilled", "rejected"]);
});

test("closing rejects the publishers that still wait", async () => {
  const broker = eagerBroker();
  const hand = take(broker);
  const publishing = broker.publish([message("a")]);
  await microtasks();
  await Promise.all([
    expect(publishing).rejects.toMatchObject({ code: "WFE_PUBLISH_FAILED" }),
    broker[Symbol.asyncDispose](),
  ]);
  await expect(hand.taken[0]?.ack()).rejects.toMatchObject({ code: "WFE_LEASE_LOST" });
  await expect(broker.publish([message("b")])).rejects.toMatchObject({ code: "WFE_CLOSED" });
});

test("an aborted signal ends the wait, and not the run", async () => {
  await using broker = eagerBroker();
  const hand = take(broker);
  const stopping = new AbortController();
  const publishing = broker.publish([message("a")], { signal: stopping.signal });
  await microtasks();
  stopping.abort();
  await expect(publishing).rejects.toMatchObject({ code: "WFE_ABORTED" });
  await expect(hand.taken[0]?.ack()).resolves.toBeUndefined();
});
