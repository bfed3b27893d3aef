// `node worker.ts` runs tasks until SIGTERM or Ctrl-C. Start as many as you like.
import { fail, openServer } from "./server.ts";
import { tasks } from "./tasks.ts";

try {
  await using server = await openServer();
  server.register(tasks);
  console.log(`worker ${process.pid} runs`);
  await server.worker({ concurrency: 4 }).run();
  console.log(`worker ${process.pid} has stopped`);
} catch (error) {
  fail("worker", error);
}
