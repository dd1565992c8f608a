/** An entry of a send: the name of a channel and its message. */
export type SentEntry = readonly [channel: string, message: unknown];

/** A send that waits. */
export interface Waiting {
  /** The key under which the send commits once. */
  readonly key: string;
  /** The place in the order: the wall clock in ms at the call, or a little more. */
  readonly place: number;
  readonly entries: readonly SentEntry[];
  /** The wall clock in ms before the first try that may have committed; 0 until then. */
  readonly tried: number;
}

/** The digits of a wall clock in ms. A mark that is set later takes no more room. */
const DIGITS = 13;

/** Returns a send as the text that a storage keeps. */
export function textOf({ entries, tried }: Pick<Waiting, "entries" | "tried">): string {
  return JSON.stringify({ tried: `${tried}`.padStart(DIGITS, "0"), entries });
}

/** Returns the send of a name and a text; undefined if they are none. */
export function waitingOf(name: string, text: string): Waiting | undefined {
  const [, place, key] = /^(\d{1,16})\.([\da-f]{32})$/.exec(name) ?? [];
  if (place === undefined || key === undefined) return undefined;
  try {
    const { tried, entries } = JSON.parse(text) as { readonly tried: unknown; readonly entries: unknown };
    if (!/^\d+$/.test(String(tried)) || !Array.isArray(entries) || !entries.every(isEntry)) return undefined;
    return { key, place: Number(place), entries, tried: Number(tried) };
  } catch {
    return undefined;
  }
}

/** Returns the name under which a storage keeps a send. */
export function nameOf({ place, key }: Pick<Waiting, "place" | "key">): string {
  return `${place}.${key}`;
}

/** Returns a new key: 128 random bits. Pages without HTTPS have no `randomUUID`. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns true for a channel's name with a message that is JSON. */
export function isEntry(value: unknown): value is SentEntry {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [channel, message] = value as readonly unknown[];
  if (typeof channel !== "string" || channel === "") return false;
  try {
    return JSON.stringify(message) !== undefined;
  } catch {
    return false;
  }
}
