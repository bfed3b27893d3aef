import type { ChannelModel } from "amqplib";
import { connect } from "amqplib";
import type { Connect } from "../src/index.ts";

/** The shared RabbitMQ. `skip` says why there is none; with `CI` set that is an error. */
export const url: string | undefined = process.env["WFE_TEST_AMQP_URL"];

if (url === undefined) {
  const text = "WFE_TEST_AMQP_URL is not set: start the server with `node tooling/services up rabbitmq`";
  if (process.env["CI"]) throw new Error(text);
  console.warn(`SKIPPED, all tests of @wfe/amqp: ${text}`);
}

/** The connections of one broker, so that a test can cut or kill them. */
export interface Wires {
  readonly connect: Connect;
  readonly models: ReadonlySet<ChannelModel>;
  /** As if a cable were pulled: the sockets break once. */
  cut(): void;
  /** As if the process were gone: the sockets break, and none opens again. */
  kill(): void;
}

export function wires(): Wires {
  const models = new Set<ChannelModel>();
  let dead = false;
  const cut = (): void => {
    for (const model of models) breakSocket(model);
  };
  return {
    async connect(to, socket) {
      if (dead) throw new Error("this process is dead");
      const model = await connect(to, socket);
      models.add(model);
      model.on("close", () => models.delete(model));
      if (dead) breakSocket(model);
      return model;
    },
    models,
    cut,
    kill() {
      dead = true;
      cut();
    },
  };
}

function breakSocket(model: ChannelModel): void {
  const { stream } = model.connection as unknown as { readonly stream: { destroy(error: Error): void } };
  stream.destroy(new Error("the cable was pulled"));
}

/** Runs `work` on a connection of its own. */
export async function withAdmin<T>(
  work: (model: ChannelModel) => Promise<T>,
  to: string = url ?? "",
): Promise<T> {
  const model = await connect(to);
  model.on("error", () => undefined);
  try {
    return await work(model);
  } finally {
    await model.close();
  }
}
