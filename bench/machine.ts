import os from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly kernel: string;
}

export function machine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
  };
}

/** Averages over 1, 5 and 15 minutes. */
export function load(): readonly number[] {
  return os.loadavg().map((average) => Math.round(average * 100) / 100);
}
