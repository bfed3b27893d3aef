import { randomBytes } from "node:crypto";

/**
 * What stands in a queue's list is the body itself, so Go reads what we write and we read what Go writes. Only what
 * comes back carries a mark behind the body, of white space, which readers of JSON pass over.
 *
 * A body that by chance ends like a mark gets the other mark when it is published, so every text comes back unchanged.
 */
const SIGN = "\n \t\r\t ";
export const REDELIVERED: string = `${SIGN}\t`;
export const FRESH: string = `${SIGN} `;

/** What to put into the list for a new message. */
export function elementOf(body: string): string {
  return isMarked(body) ? body + FRESH : body;
}

export function bodyOf(element: string): string {
  return isMarked(element) ? element.slice(0, -REDELIVERED.length) : element;
}

export function isRedelivered(element: string): boolean {
  return element.endsWith(REDELIVERED);
}

function isMarked(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return (last === 9 || last === 32) && (text.endsWith(REDELIVERED) || text.endsWith(FRESH));
}

/**
 * A member of a delayed set is the element, a line break, and this: a number that keeps two equal messages apart, the
 * list where it goes, and the channel to tell then ("-": none). machinery's reader stops at the end of the JSON, so its
 * mover takes our members too; a member of machinery's own has no such line, and goes where its RoutingKey says.
 */
export function delayedTrailer(list: string, channel: string): string {
  lastNumber += 1;
  return `\n#wfe ${PROCESS}${lastNumber.toString(36)} ${encodeURIComponent(list)} ${encodeURIComponent(channel)}`;
}

const PROCESS = `${randomBytes(6).toString("hex")}x`;
let lastNumber = 0;

const TRAILER = /\n#wfe [0-9a-z]+ (\S+) \S+$/;

/** The parts of a member of a delayed set. */
export function readMember(member: string): { readonly body: string; readonly list: string | undefined } {
  const cut = member.lastIndexOf("\n#wfe ");
  const found = cut < 0 ? null : TRAILER.exec(member.slice(cut));
  if (!found) return { body: member, list: undefined };
  return { body: bodyOf(member.slice(0, cut)), list: decodeURIComponent(found[1] ?? "") };
}
