import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy in front of a server, whose connections a test can break in the ways that networks do. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections there are that `which` picks and that are not black-holed. */
  count(which?: (wire: Wire) => boolean): number;
  /** Breaks all connections, or those that `which` picks, with a reset. New ones are let through. */
  cut(which?: (wire: Wire) => boolean): void;
  /** Swallows everything from now on, in both directions, on the connections that there are: no error, no end. */
  blackHole(which?: (wire: Wire) => boolean): void;
  /** Refuses new connections, or lets them through again. */
  refuse(refusing: boolean): void;
}

export interface Wire {
  /** What the client has sent so far, cut to the last few thousand characters. */
  readonly sent: string;
}

interface Pair extends Wire {
  sent: string;
  readonly client: Socket;
  readonly server: Socket;
  swallowing: boolean;
}

const REMEMBERED = 4_000;

export async function startProxy(targetPort: number): Promise<Proxy> {
  const pairs = new Set<Pair>();
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) return void client.resetAndDestroy();
    const pair: Pair = { client, server: connect(targetPort, "127.0.0.1"), sent: "", swallowing: false };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      pair.server.destroy();
    };
    for (const socket of [client, pair.server]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => (pair.swallowing ? undefined : end()));
    }
    client.on("data", (chunk) => {
      pair.sent = (pair.sent + chunk.toString("latin1")).slice(-REMEMBERED);
      if (!pair.swallowing) pair.server.write(chunk);
    });
    pair.server.on("data", (chunk) => void (pair.swallowing || client.write(chunk)));
  });
  await listen(server);
  const some = (which: (wire: Wire) => boolean = () => true): Pair[] => [...pairs].filter(which);
  return {
    port: (server.address() as { port: number }).port,
    count: (which) => some(which).filter((pair) => !pair.swallowing).length,
    cut(which) {
      for (const { client, server: target } of some(which)) {
        client.resetAndDestroy();
        target.destroy();
      }
    },
    blackHole(which) {
      for (const pair of some(which)) pair.swallowing = true;
    },
    refuse(now) {
      refusing = now;
    },
    async [Symbol.asyncDispose]() {
      for (const { client, server: target } of pairs) {
        client.destroy();
        target.destroy();
      }
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
}
