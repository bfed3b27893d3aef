import { subscribe } from "node:diagnostics_channel";
import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());
let bankIsOpen = false;
const { pay } = server.register({
  pay(amount: number) {
    if (!bankIsOpen) throw new Error("the bank is closed");
    return `paid ${amount}`;
  },
});
server.worker().start();

const putAside = new Promise((resolve) => subscribe("wfe:dead-lettered", resolve));
await server.send(pay(100).set({ id: "invoice-7", keepOnError: true }));
await putAside;

const dead = server.deadLetters();
for (const { id, reason, error } of await dead.list()) console.log(id, reason, error);

bankIsOpen = true;
const [again = ""] = await dead.resend((letter) => letter.id === "invoice-7"); // under a new id that names the old
console.log(await server.result(again).get({ timeoutMs: 5_000 }), again.startsWith("invoice-7~"));
console.log(await dead.list());
