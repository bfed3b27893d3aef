/**
 * Every name that @wfe/redis gives to something on a server.
 *
 * Shared with machinery (Go): a queue is a list under its own name, what is delayed stands in the sorted set
 * `delayed_tasks`, states and groups are strings under their ids. All else begins with `wfe:` and holds, in braces, what
 * decides the slot of the key it belongs to, so that a cluster keeps both on one node.
 */
export interface QueueKeys {
  /** The queue itself, for level 0 and for Go. */
  readonly list: string;
  /** Its lists, highest level first; the last one is `list`. */
  readonly lists: readonly string[];
  /** Before the number of a level: the list of that level. */
  readonly levelBase: string;
  /** Sorted set: who consumes, by the moment (ms) at which their lease ends. */
  readonly consumers: string;
  /** Sorted set: what only our own mover brings back. In a cluster all that is delayed. */
  readonly delayed: string;
  /** Channel: something is due earlier than what was first. */
  readonly wake: string;
  /** Hash: what one consumer has in hand, by number; `t` is its last turn. */
  held(consumer: string): string;
  /** List: what a blocked consumer was woken with, until its next turn. */
  woken(consumer: string): string;
}

export function queueKeys(prefix: string, queue: string, layout: Layout): QueueKeys {
  const list = prefix + queue;
  const own = ownBase(prefix, list, layout.isCluster);
  const levelBase = `${own}p`;
  return {
    list,
    lists: [...layout.levels.filter((level) => level > 0).map((level) => levelBase + level), list],
    levelBase,
    consumers: `${own}consumers`,
    delayed: `${own}delayed`,
    wake: `${own}wake`,
    held: (consumer) => `${own}held:${consumer}`,
    woken: (consumer) => `${own}woken:${consumer}`,
  };
}

export interface Layout {
  readonly isCluster: boolean;
  /** Priority levels, highest first. */
  readonly levels: readonly number[];
}

/** What keys about `key` begin with. */
export function ownBase(prefix: string, key: string, isCluster: boolean): string {
  const tag = isCluster ? slotTag(key) : key;
  return `${prefix}wfe:{${tag}}:${tag === key ? "" : `${key}:`}`;
}

/** A text that, in braces, is kept on the same node as `key`. */
export function slotTag(key: string): string {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  if (close > open + 1) return key.slice(open + 1, close);
  if (!key.includes("}")) return key;
  const slot = crc16(Buffer.from(key)) & 0x3fff;
  for (let number = 0; ; number++)
    if ((crc16(Buffer.from(String(number))) & 0x3fff) === slot) return String(number);
}

/** CRC16/XMODEM, by which Redis Cluster hashes keys. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
