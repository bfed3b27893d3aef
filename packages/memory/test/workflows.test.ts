import { memoryBackend, memoryBroker, memoryLock, memoryStore, virtualTime } from "@wfe/memory";
import type { VirtualTime } from "@wfe/memory";
import { testWorkflows } from "@wfe/testkit";
import type { WorkflowFixture } from "@wfe/testkit";

function fixture(clock?: VirtualTime): WorkflowFixture {
  const store = memoryStore({ clock });
  const connect = () => ({
    broker: memoryBroker({ store }),
    backend: memoryBackend({ store }),
    lock: memoryLock({ store }),
  });
  return {
    ...connect(),
    another: connect,
    // A server that sees a connection drop gives back what was held over it.
    crash: ({ broker }) => broker[Symbol.asyncDispose](),
    clock,
    cleanup: () => store[Symbol.dispose](),
  };
}

testWorkflows("memory", () => fixture());
testWorkflows("memory in virtual time", () => fixture(virtualTime()));
