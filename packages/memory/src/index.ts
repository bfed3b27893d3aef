export { memoryBackend, type MemoryBackendOptions } from "./backend.ts";
export { memoryBroker, type MemoryBrokerOptions } from "./broker.ts";
export { memoryLock, type MemoryLockOptions } from "./lock.ts";
export { type ConnectOptions, memoryStore, type MemoryStore, type MemoryStoreOptions } from "./store.ts";
