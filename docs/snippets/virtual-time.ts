import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore, virtualTime } from "@wfe/memory";

const clock = virtualTime(Date.UTC(2030, 0, 1));
const store = memoryStore({ clock });
await using server = new Server({ clock }, memoryBroker({ store }), memoryBackend({ store }));
const { remind } = server.register({ remind: () => new Date(clock.now()).toISOString() });
server.worker().start();

const reminder = await server.send(remind().set({ delayMs: 7 * 24 * 3_600_000 }));
await clock.advance(6 * 24 * 3_600_000);
console.log("after six days:", (await reminder.state())?.status);
console.log("it ran at", await clock.until(reminder.get()));
