import { Server, chain, currentTask, group, results } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";
import { describe, expect, it } from "vitest";

describe("a group that is joined inside of a workflow", () => {
  it("keeps a place for each member, whatever it returned", async () => {
    await using server = new Server({}, memoryBroker(), memoryBackend());
    const { nothing, pair, one } = server.register({
      nothing: () => undefined,
      pair: () => results(1, 2),
      one: () => 3,
    });
    server.worker().start();
    const inside = await server.send(
      chain(
        one(),
        group(
          nothing().set({ immutable: true }),
          pair().set({ immutable: true }),
          one().set({ immutable: true }),
        ),
      ),
    );
    expect(await inside.get({ timeoutMs: 5_000 })).toEqual([null, [1, 2], 3]);
  });
});

describe("currentTask()", () => {
  it("can be taken apart", async () => {
    await using server = new Server({}, memoryBroker(), memoryBackend());
    const { tell } = server.register({
      tell: () => {
        const { id, log, progress } = currentTask();
        log.info({}, "here");
        progress(1);
        return id;
      },
    });
    server.worker().start();
    const sent = await server.send(tell());
    expect(await sent.get({ timeoutMs: 5_000 })).toBe(sent.id);
  });
});
