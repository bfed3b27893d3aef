import { type Message, WfeError } from "@wfe/core";
import type { ConsumeMessage, Options } from "amqplib";
import { DELAY_STEP_MS, delayRoute, levelName, MAX_DELAY_MS } from "./delays.ts";
import { REDELIVERED, tableOf } from "./headers.ts";
import type { Settings } from "./options.ts";
import type { Target } from "./topology.ts";

/** A message on its way to the server. */
export interface Parcel {
  readonly target: Target;
  readonly content: Buffer;
  readonly options: Options.Publish;
  readonly notBefore: number;
  /** Past our exchange, into this queue alone. */
  readonly isDirect: boolean;
  /** It was sent before, and may have been accepted: somebody may have it already. */
  isRepeat: boolean;
  /** No queue took it; the second time is the last. */
  wasReturned: boolean;
}

/** Where a parcel goes now; `level` only while it is delayed. */
export interface Route {
  readonly exchange: string;
  readonly key: string;
  readonly level: number | undefined;
}

export function parcelOf(message: Message, target: Target): Parcel {
  const { id, body, priority = 0, headers, notBefore = 0 } = message;
  const options: Options.Publish = {
    contentType: "application/json",
    deliveryMode: 2,
    mandatory: true,
    messageId: Buffer.byteLength(id) <= 255 ? id : undefined,
    priority: priority > 0 ? priority : undefined,
    headers: tableOf(headers),
  } as Options.Publish;
  return {
    target,
    content: Buffer.from(body),
    options,
    notBefore,
    isDirect: false,
    isRepeat: false,
    wasReturned: false,
  };
}

/** Another copy of a delivered message: as new, or with our mark that somebody had it. */
export function copyOf(
  message: ConsumeMessage,
  target: Target,
  { notBefore = 0, isRepeat = false }: { readonly notBefore?: number; readonly isRepeat?: boolean },
): Parcel {
  const { headers: all, ...properties } = message.properties;
  const { "x-death": _, "x-delivery-count": __, ...headers } = all ?? {};
  const options = { ...properties, headers, mandatory: true } as Options.Publish;
  return {
    target,
    content: message.content,
    options,
    notBefore,
    isDirect: true,
    isRepeat,
    wasReturned: false,
  };
}

export function routeOf(parcel: Parcel, settings: Settings): Route {
  const { target, notBefore, isDirect } = parcel;
  const delay = delayRoute(target.queue, notBefore - Date.now());
  if (delay)
    return { exchange: levelName(settings.delayPrefix, delay.level), key: delay.key, level: delay.level };
  if (isDirect || settings.exchange === "") return { exchange: "", key: target.queue, level: undefined };
  return { exchange: settings.exchange, key: target.key, level: undefined };
}

/** The properties to send it with. */
export function propertiesOf({ options, isRepeat }: Parcel): Options.Publish {
  if (!isRepeat) return options;
  return { ...options, headers: { ...(options.headers as object | undefined), [REDELIVERED]: true } };
}

/** Why this message can never be sent. */
export function refusal({ id, body, notBefore = 0 }: Message, maxBytes: number): Error | undefined {
  if (notBefore - Date.now() > MAX_DELAY_MS + DELAY_STEP_MS) {
    return new WfeError("WFE_UNSUPPORTED", `message ${id} is delayed by more than ${MAX_DELAY_MS} ms`);
  }
  // A UTF-16 unit is at most three bytes, so most bodies need not be counted.
  if (body.length * 3 <= maxBytes) return undefined;
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxBytes) return undefined;
  return new WfeError(
    "WFE_TOO_LARGE",
    `message ${id} has ${bytes} bytes; this broker carries at most ${maxBytes}`,
  );
}
