/**
 * A real server that tests talk to. One file per service describes it; `lifecycle.ts` does the rest.
 *
 * To add one: write its file, put it into the list in `services.ts`.
 *
 * The way of a service: is its address given by the environment? Then that server is used and left alone.
 * Else find → (not found: install → find) → start → ready, and later stop.
 */
export interface Service {
  readonly name: string;
  /** The environment variables through which tests learn its address. All set beforehand: that server is used. */
  readonly variables: readonly string[];
  /** Folders of `packages/` whose tests need it; the service is started only if one of them exists. */
  readonly usedBy: readonly string[];
  /** The program (a path or a name on the PATH), or undefined if this machine does not have it. */
  find(): string | undefined;
  /** Installs the program through a package registry. Rejects with the reason if that is impossible here. */
  install(): Promise<void>;
  /** Starts the processes, all of them through `place`. Resolves to the values of `variables`. */
  start(place: Place, program: string): Promise<Environment>;
  /** Resolves once the server answers as tests need it. */
  ready(place: Place, environment: Environment): Promise<void>;
  /** Only where ending the recorded processes leaves something behind: called after they have ended. */
  cleanUp?(place: Place): Promise<void>;
}

export type Environment = Readonly<Record<string, string>>;

/** Where one running copy of a service lives: a folder with its data, its logs and the record of what was started. */
export interface Place {
  readonly folder: string;
  /** What the caller adds to the server's command line (or configuration, where the service says so). */
  readonly args: readonly string[];
  /** A free loopback port. The same name gets the same port again, so that a restarted server keeps its address. */
  port(name: string): Promise<number>;
  /** Starts a program that outlives this process. Its pid is on record at once; its output goes to `<name>.log`. */
  spawn(name: string, program: string, args: readonly string[], environment?: Environment): void;
  /**
   * Resolves when `check` does not throw and resolves to true; asks again every few milliseconds.
   * Rejects with the end of the logs if a process ends meanwhile or `timeoutMs` (default 30 s) pass.
   */
  until(what: string, check: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<void>;
}
