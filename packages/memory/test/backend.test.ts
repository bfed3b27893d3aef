import { testBackend } from "@wfe/testkit";
import { memoryBackend, memoryStore } from "../src/index.ts";

testBackend("memory", () => {
  const store = memoryStore();
  return {
    backend: memoryBackend({ store }),
    another: () => memoryBackend({ store }),
    cleanup: () => store[Symbol.dispose](),
  };
});
