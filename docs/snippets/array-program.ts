import { Server } from "@wfe/core";
import { memoryBackend } from "@wfe/memory";
import { ArrayServer, arrayBroker } from "./array-broker.ts";

await using server = new Server({}, arrayBroker(new ArrayServer()), memoryBackend());
const { shout } = server.register({ shout: (text: string) => `${text.toUpperCase()}!` });
server.worker().start();
console.log(await (await server.send(shout("it works").set({ delayMs: 50 }))).get({ timeoutMs: 5_000 }));
