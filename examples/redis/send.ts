// `node send.ts` sends calls to the workers and prints what comes back. It knows only the types of the tasks.
import { chain, chord, exponential, group } from "@wfe/core";
import { fail, openServer } from "./server.ts";
import type { tasks } from "./tasks.ts";

const LIMIT = { timeoutMs: 60_000 };
const PAGES = 60;

async function sendAll(): Promise<void> {
  await using server = await openServer();
  const { count, countPage, addUp, describe, countWhenReady, refuse } = server.remote<typeof tasks>();

  const task = await server.send(count("the quick brown fox"));
  console.log("task:", await task.get(LIMIT));

  const members = await server.send(group(count("one"), count("one two"), count("one two three")));
  console.log("group:", await members.get(LIMIT));

  const linked = await server.send(
    chain(count("to be or not to be, that is the question"), describe.partial()),
  );
  console.log("chain:", await linked.get(LIMIT));

  const pages = Array.from({ length: PAGES }, (_, page) => countPage(`page ${"word ".repeat(page)}`));
  const book = await server.send(
    chain(chord(group(...pages), addUp.partial().set({ collect: true })), describe.partial()),
  );
  console.log(`chord: ${PAGES} pages are sent; now is the time to kill the worker`);
  console.log("chord:", await book.get(LIMIT));

  const sentAt = Date.now();
  const delayed = await server.send(describe({ words: 1, longest: "later" }).set({ delayMs: 1_000 }));
  console.log(
    "delayed:",
    await delayed.get(LIMIT),
    Date.now() - sentAt >= 1_000 ? "(in time)" : "(too early)",
  );

  // Who knows only types does not know the defaults of a task: what it needs is said here.
  const patient = { retries: 3, backoff: exponential({ baseMs: 50 }) };
  const retried = await server.send(countWhenReady("try and try again").set(patient));
  console.log("retried:", await retried.get(LIMIT));

  const failed = await server.send(refuse("photo.jpg").set(patient));
  console.log("failed:", await failed.get(LIMIT).catch(String));
}

try {
  await sendAll();
} catch (error) {
  fail("send", error);
}
