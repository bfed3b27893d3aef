import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { needs } from "./crash.ts";
import { bodiesOf } from "./shared.ts";

export const interruptCases: readonly Case<BrokerTest>[] = [
  {
    title: "a consumer survives the loss of its connection: it tells onError and goes on (D-20, D-22)",
    needs: needs("interrupt"),
    async run({ queue, publish, another, consume, fixture, settings }) {
      const name = await queue();
      const shaken = await another();
      const told: Error[] = [];
      const each = async (delivery: { ack(): Promise<void> }): Promise<void> =>
        await delivery.ack().catch(() => undefined); // it comes again then
      const mine = consume(name, { broker: shaken, each, onError: (error) => void told.push(error) });
      await publish(name, ["before"]);
      await mine.take(1);
      for (const body of ["after one cut", "after another"]) {
        const before = told.length;
        await fixture.interrupt?.(shaken);
        await publish(name, [body]);
        const came = (): void => expect(bodiesOf(mine.deliveries)).toContain(body);
        await eventually(came, { timeoutMs: settings.leaseMs + settings.timeoutMs });
        expect(told.length).toBeGreaterThan(before);
      }
      await eventually(() => publish(name, ["by itself"], shaken), { timeoutMs: settings.timeoutMs });
    },
  },
  {
    title: "an onError that throws does not stop the consumer (D-21)",
    needs: needs("interrupt"),
    async run({ queue, publish, another, consume, fixture, settings }) {
      const name = await queue();
      const shaken = await another();
      const onError = (): never => {
        throw new Error("a logger that fails");
      };
      const mine = consume(name, { broker: shaken, onError });
      await fixture.interrupt?.(shaken);
      await publish(name, ["goes on"]);
      expect(bodiesOf(await mine.take(1, settings.leaseMs + settings.timeoutMs))).toEqual(["goes on"]);
    },
  },
];
