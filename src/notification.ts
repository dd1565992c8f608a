import { BusError, given } from "./errors.ts";

/** A channel that only code on the server can name: a name and what it is about, as in `["chess.game", 7]`. */
export type Tuple<N extends string> = readonly [N, ...(string | number)[]];

/** A string is a public name that a remote client may ask for; a tuple is private. */
export type Channel = string | Tuple<string>;

/** The channels of a bus that was given no map: any name, any message. */
export type AnyChannels = { readonly [name: string]: unknown };

/** The names in a map of channels. */
export type NameOf<C extends object> = keyof C & string;

/** The channels that a map allows: each name as a string, and as the first element of a tuple. */
export type ChannelOf<C extends object, N = NameOf<C>> = N extends string ? N | Tuple<N> : never;

type Lookup<C, N> = N extends keyof C ? C[N] : never;

/** The message that a channel carries, by its name. */
export type MessageOf<C, K> = K extends readonly [infer N, ...unknown[]] ? Lookup<C, N> : Lookup<C, K>;

/** What is sent: a channel and its message. */
export type Entry<C extends object = AnyChannels, N extends NameOf<C> = NameOf<C>> = N extends string
  ? readonly [channel: N | Tuple<N>, message: C[N]]
  : never;

/** What is received. Ids grow in the order of the commits. */
export type Notification<C extends object = AnyChannels, K = ChannelOf<C>> = K extends Channel
  ? { readonly id: number; readonly channel: K; readonly message: MessageOf<C, K> }
  : never;

/**
 * What a poll answers: an array, and (not enumerable) where the reader now stands and whether it missed something.
 * It serialises and compares as the array.
 */
export type Batch<N> = readonly N[] & { readonly last: number; readonly missed: boolean };

/** True when a notification came on the channel of this name, string or tuple; it narrows the notification's type. */
export function isOn<N extends { readonly channel: Channel }, K extends string>(
  notification: N,
  name: K,
): notification is Extract<N, { readonly channel: K | Tuple<K> }> {
  const { channel } = notification;
  return (typeof channel === "string" ? channel : channel[0]) === name;
}

/**
 * The channel as one string: its JSON text. It tells `"1"` from `1` and a tuple from the string that looks like it, it is
 * written to HTTP as it stands, and any database can keep it (no NUL and no lone surrogate is left in it).
 * Throws `bad_channel` for what is no channel.
 */
export function keyOf(channel: unknown): string {
  if (typeof channel === "string" && channel !== "") return keyOfString(channel);
  if (Array.isArray(channel) && isTuple(channel)) return JSON.stringify(channel);
  throw new BusError(
    "bad_channel",
    `a channel must be a string, or a list of a name and strings or finite numbers, and its name not empty, got ${given(channel)}`,
  );
}

/** The channel of a key. A tuple is frozen, since all readers share it. */
export function channelOf(key: string): Channel {
  return Object.freeze(JSON.parse(key) as Channel); // keyOf wrote it
}

// Quoting a name again for each of its messages costs more than looking it up; the bounds keep strangers' names from piling up.
const KNOWN_NAMES = 4096;
const KNOWN_LENGTH = 256;
const keys = new Map<string, string>();

function keyOfString(name: string): string {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = JSON.stringify(name);
  if (name.length > KNOWN_LENGTH) return key;
  if (keys.size >= KNOWN_NAMES) keys.clear();
  keys.set(name, key);
  return key;
}

function isTuple(list: readonly unknown[]): list is Tuple<string> {
  if (typeof list[0] !== "string" || list[0] === "") return false;
  // `every` would pass over a gap in the list.
  return Array.from(list).every((part) => typeof part === "string" || Number.isFinite(part));
}
