import { WfeError } from "@wfe/core";

const LOCAL = "amqp://guest:guest@localhost:5672/";

/** Each with our heartbeat where it asks for none. Throws `WFE_INVALID_OPTION`. */
export function urlsOf(url: string | readonly string[] = LOCAL, heartbeatS: number): string[] {
  const urls = typeof url === "string" ? [url] : [...url];
  if (urls.length === 0) throw new WfeError("WFE_INVALID_OPTION", "amqp broker: `url` is empty");
  return urls.map((one) => {
    const parsed = URL.canParse(one) ? new URL(one) : undefined;
    if (parsed?.protocol !== "amqp:" && parsed?.protocol !== "amqps:") {
      throw new WfeError("WFE_INVALID_OPTION", `amqp broker: \`url\` must begin with amqp:// or amqps://`);
    }
    if (!parsed.searchParams.has("heartbeat")) parsed.searchParams.set("heartbeat", `${heartbeatS}`);
    return parsed.href;
  });
}

/** Without credentials, for errors. */
export function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
