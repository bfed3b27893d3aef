import { Server, chain } from "@wfe/core";
import { eagerBroker, memoryBackend } from "@wfe/memory";

await using server = new Server({}, eagerBroker(), memoryBackend());
const { add } = server.register({
  add(a: number, b: number) {
    console.log(`${a} + ${b}`);
    return a + b;
  },
});
server.worker().start();

const result = await server.send(chain(add(1, 2), add.partial(10)));
console.log("send has resolved: all of it has run");
console.log((await result.state())?.status);
