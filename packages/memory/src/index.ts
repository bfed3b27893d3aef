export { memoryBackend, type MemoryBackendOptions } from "./backend.ts";
export { type MemoryBroker, memoryBroker, type MemoryBrokerOptions } from "./broker.ts";
export { eagerBroker } from "./eager.ts";
export { faultInjector, type FaultInjector } from "./fault-injector.ts";
export type { CallName, CallRecord, Fault, FaultMode } from "./faults.ts";
export { memoryLock, type MemoryLockOptions } from "./lock.ts";
export { type ConnectOptions, memoryStore, type MemoryStore, type MemoryStoreOptions } from "./store.ts";
export { virtualTime, type VirtualTime } from "./virtual-time.ts";
