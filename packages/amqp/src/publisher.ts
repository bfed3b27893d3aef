import { errorText, toError, WfeError } from "@wfe/core";
import type { ConfirmChannel, Message } from "amqplib";
import { type ChannelKeeper, keepChannel, noAnswer } from "./channel.ts";
import { asWfeError, isRefusal, refusedSize, unavailable } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Settings } from "./options.ts";
import { type Parcel, propertiesOf, type Route, routeOf } from "./parcel.ts";
import { backoffMs, before, type Deadline, deadlineIn, pause } from "./time.ts";
import type { Topology } from "./topology.ts";

/**
 * Sends on one confirm channel, with as many messages in flight as callers have. What a lost channel leaves in doubt is
 * sent again under the same id and with a mark, so that a copy is told as a redelivery.
 */
export interface Publisher {
  /** Each one's error, by index; undefined: accepted. Never rejects; settles within the time limit. */
  send(parcels: readonly Parcel[]): Promise<(Error | undefined)[]>;
  close(): Promise<void>;
}

export interface PublisherOptions {
  readonly link: Link;
  readonly topology: Topology;
  readonly settings: Settings;
}

/** One parcel of one call, sent and not yet confirmed. */
interface Flight {
  readonly parcel: Parcel;
  readonly route: Route;
  isReturned: boolean;
}

/** What became of a parcel: accepted, refused for good, or to be sent again. */
type Outcome = "accepted" | "again" | Error;

const NEVER = new AbortController().signal;

export function publisher({ link, topology, settings }: PublisherOptions): Publisher {
  const inFlight = new Set<Flight>();
  let lost: unknown;
  const channels: ChannelKeeper<ConfirmChannel> = keepChannel({
    link,
    timeoutMs: settings.commandTimeoutMs,
    create: (model) => model.createConfirmChannel(),
    onOpen(channel) {
      lost = undefined;
      channel.on("return", (message: Message) => markReturned(inFlight, message));
      channel.on("error", (error: Error) => void (lost = error));
    },
    onClose: () => topology.forget(),
  });

  /** Resolves when the server has told what became of it. */
  const sendOne = (
    channel: ConfirmChannel,
    parcel: Parcel,
    route: Route,
  ): { done: Promise<Outcome>; isFull: boolean } => {
    const flight: Flight = { parcel, route, isReturned: false };
    let isFull = false;
    const done = new Promise<Outcome>((resolve) => {
      inFlight.add(flight);
      const confirmed = (error: unknown): void => {
        inFlight.delete(flight);
        resolve(outcomeOf(flight, error, lost));
      };
      try {
        isFull = !channel.publish(route.exchange, route.key, parcel.content, propertiesOf(parcel), confirmed);
      } catch (error) {
        inFlight.delete(flight);
        resolve(toError(error).name === "IllegalOperationError" ? "again" : notSent(error));
      }
    });
    return { done, isFull };
  };

  const prepare = async (parcel: Parcel, deadline: Deadline): Promise<Route> => {
    await topology.queue(parcel.target, deadline);
    const route = routeOf(parcel, settings);
    if (route.level === undefined) return route;
    await topology.delays(route.level, deadline);
    return routeOf(parcel, settings);
  };

  /** One try of each. Without a server's answer in time it is an error. */
  const sendAll = async (parcels: readonly Parcel[], deadline: Deadline): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    const answers: Promise<unknown>[] = [];
    for (const [index, parcel] of parcels.entries()) {
      try {
        if (link.blocked !== undefined) await before(deadline, link.unblocked(), () => unanswered(link));
        const isReady = parcel.notBefore === 0 && topology.knows(parcel.target);
        const route = isReady ? routeOf(parcel, settings) : await prepare(parcel, deadline);
        const channel = channels.live ?? (await channels.get(deadline));
        const { done, isFull } = sendOne(channel, parcel, route);
        answers.push(done.then((outcome) => (outcomes[index] = outcome)));
        if (isFull) await before(deadline, drained(channel), noAnswer);
      } catch (error) {
        outcomes[index] ??= mayTryAgain(error, deadline) ? "again" : asWfeError(error, "publishing");
      }
    }
    await before(deadline, Promise.all(answers), noAnswer).catch(() => undefined);
    return parcels.map((_, index) => outcomes[index] ?? unanswered(link));
  };

  return {
    async send(parcels) {
      const deadline = deadlineIn(settings.commandTimeoutMs);
      const errors: (Error | undefined)[] = parcels.map(() => undefined);
      let left = parcels.map((_, index) => index);
      for (let tries = 0; left.length > 0; tries++) {
        if (tries > 1) await pause(backoffMs(tries - 1), NEVER);
        const trying = left;
        const outcomes = await sendAll(
          trying.map((index) => parcels[index] as Parcel),
          deadline,
        );
        outcomes.forEach((outcome, i) => {
          if (outcome instanceof Error) errors[trying[i] as number] = outcome;
        });
        left = trying.filter((_, i) => outcomes[i] === "again");
        if (performance.now() < deadline) continue;
        for (const index of left)
          errors[index] = unavailable("the connection was lost while publishing", lost);
        left = [];
      }
      return errors;
    },
    close: () => channels.close(),
  };

  function outcomeOf(flight: Flight, error: unknown, why: unknown): Outcome {
    const { parcel, route } = flight;
    if (flight.isReturned) {
      const { queue } = parcel.target;
      topology.forget(queue);
      if (parcel.wasReturned)
        return unavailable(`no queue takes "${route.key}" from exchange "${route.exchange}"`);
      parcel.wasReturned = true; // its queue may have been deleted: it is declared again
      return "again";
    }
    if (!error) return "accepted";
    if (errorText(error) === "message nacked")
      return unavailable(`queue ${parcel.target.queue} refuses messages (is it full?)`);
    if (refusedSize(why) === parcel.content.length)
      return new WfeError("WFE_TOO_LARGE", errorText(why), { cause: why });
    if (isRefusal(why) && refusedSize(why) === undefined) return asWfeError(why, "publishing");
    parcel.isRepeat = true;
    return "again";
  }
}

/** A return comes before the confirm of its message, and returns come in the order of publishing. */
function markReturned(inFlight: Iterable<Flight>, { fields, properties }: Message): void {
  for (const flight of inFlight) {
    const { parcel, route } = flight;
    const isIt =
      !flight.isReturned &&
      parcel.options.messageId === (properties.messageId as string | undefined) &&
      route.exchange === fields.exchange &&
      route.key === fields.routingKey;
    if (!isIt) continue;
    flight.isReturned = true;
    return;
  }
}

function mayTryAgain(error: unknown, deadline: Deadline): boolean {
  return error instanceof WfeError && error.retryable && !isRefusal(error) && performance.now() < deadline;
}

function notSent(error: unknown): WfeError {
  return new WfeError("WFE_UNSUPPORTED", `amqp: this message cannot be sent: ${errorText(error)}`, {
    cause: error,
  });
}

function unanswered(link: Link): Error {
  if (link.blocked === undefined) return unavailable("the server did not confirm in time");
  return unavailable(`the server takes no messages at the moment: ${link.blocked}`);
}

function drained(channel: ConfirmChannel): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      channel.off("drain", done);
      channel.off("close", done);
      resolve();
    };
    channel.on("drain", done);
    channel.on("close", done);
  });
}
