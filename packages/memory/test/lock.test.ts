import { testLock } from "@wfe/testkit";
import { memoryLock, memoryStore } from "../src/index.ts";

testLock("memory", () => {
  const store = memoryStore();
  return {
    lock: memoryLock({ store }),
    another: () => memoryLock({ store }),
    cleanup: () => store[Symbol.dispose](),
  };
});
