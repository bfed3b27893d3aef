import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";
import { expect, it } from "vitest";

it("says which task has blocked the event loop", async () => {
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const logger = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warn: (_: object, text: string) => warnings.push(text),
  };
  await using server = new Server({ logger }, memoryBroker(), memoryBackend());
  const { compute } = server.register({
    compute: (ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    },
  });
  server.worker().start();
  const short = await server.send(compute(1));
  await short.get({ timeoutMs: 10_000 });
  expect(warnings).toEqual([]);
  const long = await server.send(compute(1_050));
  await long.get({ timeoutMs: 10_000 });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^compute has blocked the event loop for 1\d\d\d ms$/);
});
