import { memoryLock, memoryStore } from "@wfe/memory";
import { testLock } from "@wfe/testkit";

testLock("memory", () => {
  const store = memoryStore();
  return {
    lock: memoryLock({ store }),
    another: () => memoryLock({ store }),
    cleanup: () => store[Symbol.dispose](),
  };
});
