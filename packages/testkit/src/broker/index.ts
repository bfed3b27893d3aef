import { type Case, registerSuite } from "../suite.ts";
import { bodyCases, queueCases } from "./body.ts";
import { closeCases } from "./close.ts";
import { consumeCases } from "./consume.ts";
import { type BrokerTest, openBrokerTest } from "./context.ts";
import { crashCases } from "./crash.ts";
import { delayCases } from "./delay.ts";
import type { BrokerFactory, BrokerSuiteOptions } from "./fixture.ts";
import { inspectCases } from "./inspect.ts";
import { interruptCases } from "./interrupt.ts";
import { orderCases } from "./order.ts";
import { largeBodyCases, publishCases } from "./publish.ts";
import { settleCases } from "./settle.ts";
import { stopCases } from "./stop.ts";

/** Every promise of the Broker port, in the order of a message's way. */
export const brokerCases: readonly Case<BrokerTest>[] = [
  ...publishCases,
  ...bodyCases,
  ...largeBodyCases,
  ...queueCases,
  ...consumeCases,
  ...orderCases,
  ...delayCases,
  ...settleCases,
  ...crashCases,
  ...interruptCases,
  ...inspectCases,
  ...stopCases,
  ...closeCases,
];

/** Registers with vitest the conformance suite of a broker. `factory` is called once per test. */
export function testBroker(name: string, factory: BrokerFactory, options: BrokerSuiteOptions = {}): void {
  registerSuite(name, brokerCases, () => openBrokerTest(factory, options), options);
}
