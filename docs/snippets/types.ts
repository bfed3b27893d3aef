import { Server, defineTask, int32, json, uint64 } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());

const { scale, describe, follower } = server.register({
  // Declared: 2, 2.5 and [] travel as one type each, and a wrong number of arguments is refused.
  scale: defineTask((values: number[], by: number) => values.map((value) => value * by), {
    params: ["[]float64", "float64"],
    result: "[]float64",
  }),
  // Not declared: the type of each value is inferred when it is sent.
  describe: (...values: unknown[]) => values.map((value) => typeof value).join(", "),
  follower: (id: bigint) => id + 1n,
});

for (const { type, value } of scale([1, 2], 3).args) console.log("declared", type, value);
for (const { type, value } of describe(1, 1.5, "text", true, [1, 2], new Uint8Array([7, 8]), { a: null })
  .args) {
  console.log("inferred", type, value);
}
for (const { type, value } of describe(int32(5), uint64(5n), json([1, 2])).args)
  console.log("stated", type, value);

server.worker().start();
console.log(await (await server.send(scale([], 3))).get());
console.log(await (await server.send(follower(9_007_199_254_740_993n))).get());
