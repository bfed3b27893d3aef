import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Swallows everything from now on, in both directions, on the connections that there are: no error, no end. */
  blackHole(): void;
}

/** `url` is the server's; the proxy's differs in its port only. */
export async function startProxy(url: string): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let generation = 0;
  const server = createServer((client) => {
    const born = generation;
    const upstream = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => void (born === generation && to.write(chunk)));
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        if (born === generation) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const here = new URL(url);
  here.port = `${(server.address() as { readonly port: number }).port}`;
  return {
    url: here.href,
    blackHole: () => void (generation += 1),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
