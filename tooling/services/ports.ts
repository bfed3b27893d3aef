import { once } from "node:events";
import { connect, createServer } from "node:net";

const given = new Set<number>();

/**
 * A free port on 127.0.0.1 whose neighbour 10,000 higher is free too (Redis Cluster talks there).
 * Both lie below the range from which systems take the ports of outgoing connections, so none of those is in the way.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000);
    if (given.has(port)) continue;
    given.add(port);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Whether the answer of the server on this port to `question` begins with `answer`. Rejects if nothing listens. */
export function answers(port: number, question: string, answer: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(question));
    socket.setTimeout(1_000, () => socket.destroy(new Error("no answer")));
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString().startsWith(answer));
    });
  });
}
