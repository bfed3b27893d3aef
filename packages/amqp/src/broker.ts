import { type Broker, type BrokerFacts, PublishError, type Message } from "@wfe/core";
import { consumer, type Consumer } from "./consumer.ts";
import { DELAY_STEP_MS, MAX_DELAY_MS } from "./delays.ts";
import { abortable, gate } from "./gate.ts";
import { inspectQueue } from "./inspect.ts";
import { openLink } from "./link.ts";
import { type AmqpBrokerOptions, type Settings, settingsOf } from "./options.ts";
import { type Parcel, parcelOf, refusal } from "./parcel.ts";
import { publisher } from "./publisher.ts";
import { topology } from "./topology.ts";

const NAME = "amqp broker";

/**
 * Messages in RabbitMQ, in machinery's queues: every one confirmed by the server, delayed without a plugin. Opens two
 * connections, since a server that is short of memory stops reading from those that publish, and would not hear acks.
 */
export function amqpBroker(options: AmqpBrokerOptions = {}): Broker {
  const settings = settingsOf(options);
  const { enter, close } = gate(NAME);
  const link = openLink(settings, NAME);
  const publishing = openLink(settings, NAME);
  const queues = topology(link, settings);
  const outbox = publisher({ link: publishing, topology: queues, settings });
  const consumers = new Set<Consumer>();
  let closing: Promise<void> | undefined;

  const closeAll = async (): Promise<void> => {
    close();
    await Promise.all([...consumers].map((one) => one.close()));
    await Promise.all([outbox.close(), queues.close()]);
    await Promise.all([publishing.close(), link.close()]);
  };

  const publish = async (messages: readonly Message[]): Promise<void> => {
    const failures = new Map<number, Error>();
    const parcels: Parcel[] = [];
    const indexes: number[] = [];
    for (const [index, message] of messages.entries()) {
      try {
        const error = refusal(message, settings.maxMessageBytes);
        if (error) throw error;
        parcels.push(parcelOf(message, queues.targetOf(message.queue)));
        indexes.push(index);
      } catch (error) {
        failures.set(index, error as Error);
      }
    }
    const errors = await outbox.send(parcels);
    errors.forEach((error, i) => error && failures.set(indexes[i] as number, error));
    if (failures.size > 0) throw new PublishError(failures, messages.length);
  };

  return {
    name: "amqp",
    facts: factsFor(settings),
    async publish(messages, call) {
      enter(call);
      await abortable(publish(messages), call, NAME);
    },
    consume: (consumption) => ({
      [Symbol.asyncIterator]() {
        enter();
        const opened = consumer({ link, topology: queues, publisher: outbox, settings, consumption });
        consumers.add(opened);
        void opened.over.then(() => consumers.delete(opened));
        return opened.deliveries;
      },
    }),
    async inspect(queue, inspection) {
      enter(inspection);
      const { queue: name } = queues.targetOf(queue);
      const how = { limit: inspection?.limit ?? 0, timeoutMs: settings.commandTimeoutMs };
      return await abortable(inspectQueue(link, name, how), inspection, NAME);
    },
    deadLetterQueue: (queue) => `${queues.targetOf(queue).queue}.dead`,
    [Symbol.asyncDispose]: () => (closing ??= closeAll()),
  };
}

function factsFor({ maxMessageBytes, priorities }: Settings): BrokerFacts {
  return {
    maxDelayMs: MAX_DELAY_MS,
    delayStepMs: DELAY_STEP_MS,
    maxMessageBytes,
    maxBatch: 1_000,
    priorities,
    ordering: "fifo",
    tellsRedelivery: true,
    delayedRelease: true,
    inspects: ["waiting"],
    peeks: true,
  };
}
