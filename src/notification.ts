import { BusError, given } from "./errors.ts";
import type { InputOf, OutputOf } from "./schema.ts";

/** A channel that only code on the server can name: a name and a subject, as in `["chess.game", 7]`. */
export type Tuple<N extends string> = readonly [N, ...(string | number)[]];

/** A channel. A string is a public name that a remote client may ask for; a tuple is private. */
export type Channel = string | Tuple<string>;

/** The channels of a bus without a map: any name, any message. */
export type AnyChannels = { readonly [name: string]: unknown };

/** The field by which the compiler knows the map of a bus. No value has it. */
export declare const channels: unique symbol;

/** A type that knows its map of channels: a `Bus<C>`. */
export interface Mapped<C> {
  /** Never there. The compiler reads the map from its type. */
  readonly [channels]?: () => C;
}

/** The map of channels of a bus, or the map itself. */
export type MapOf<T> = typeof channels extends keyof T ? (T extends Mapped<infer C> ? C : never) : T;

/** The names in a map of channels. A map with the name `"*"` allows every name. */
export type NameOf<C extends object> = "*" extends keyof MapOf<C> ? string : keyof MapOf<C> & string;

/** The channels that a map allows: each name as a string, and as the first element of a tuple. */
export type ChannelOf<C extends object, N = NameOf<C>> = N extends string ? N | Tuple<N> : never;

type Lookup<C, N> = N extends keyof C ? C[N] : "*" extends keyof C ? C["*" & keyof C] : never;

/** The type that a map has for a channel: that of its messages, or a schema. */
export type Carried<C, K> = K extends readonly [infer N, ...unknown[]] ? Lookup<MapOf<C>, N> : Lookup<MapOf<C>, K>;

/** The message that readers of a channel get: for a map of schemas, the schema's output. A channel of any name may have any of them. */
export type MessageOf<C, K> = OutputOf<
  string extends (K extends readonly [infer N, ...unknown[]] ? N : K) ? MapOf<C>[keyof MapOf<C>] : Carried<C, K>
>;

/** The message that is sent on a channel. For a map of schemas, the schema's input. */
export type SentOf<C, K> = InputOf<Carried<C, K>>;

/** An entry of a send: a channel and its message. */
export type Entry<C extends object = AnyChannels, N extends keyof MapOf<C> = keyof MapOf<C>> = N extends string
  ? readonly [channel: Named<N> | Tuple<Named<N>>, message: InputOf<MapOf<C>[N]>]
  : never;

/**
 * The entries of a list, each with the message of its own channel. A map with `"*"` needs this: the entry of any name would
 * also fit a name that has a message of its own.
 */
export type Strict<C extends object, E extends readonly unknown[]> = "*" extends keyof MapOf<C>
  ? { readonly [I in keyof E]: StrictEntry<C, E[I]> }
  : unknown;

type StrictEntry<C extends object, E> = E extends readonly [infer K, unknown] ? readonly [K, SentOf<C, K>] : never;

/** The names that a name of a map stands for. */
export type Named<N extends string> = N extends "*" ? string : N;

/** A notification as a reader receives it. Ids grow in the order of the commits. */
export type Notification<C extends object = AnyChannels, K = ChannelOf<C>> = K extends Channel
  ? {
      /** The id, larger than those of all notifications that were committed before. */
      readonly id: number;
      /** The channel, a string or a frozen tuple. */
      readonly channel: K;
      /** The message, parsed from its JSON text. All readers share it. */
      readonly message: MessageOf<C, K>;
    }
  : never;

/**
 * The answer to a poll: an array of notifications. `last` is the reader's next position, and `missed` says if it missed
 * something. Both are not enumerable, so that the batch serialises and compares as the array.
 */
export type Batch<N> = readonly N[] & {
  /** The position to poll after next. */
  readonly last: number;
  /** True if something after the given position is no longer retained, or the position is none of this bus. */
  readonly missed: boolean;
};

/** A notification of this type that came on a channel of this name. */
export type NotificationOn<N extends { readonly channel: Channel }, K extends string> = N extends unknown
  ? N["channel"] extends K | Tuple<K>
    ? N
    : [Extract<K | Tuple<K>, N["channel"]>] extends [never]
      ? never
      : N & { readonly channel: Extract<K | Tuple<K>, N["channel"]> }
  : never;

/**
 * Returns true if a notification came on the channel of this name, string or tuple. The call narrows the notification's
 * type.
 */
export function isOn<N extends { readonly channel: Channel }, K extends string>(
  notification: N,
  name: K,
): notification is NotificationOn<N, K> {
  const { channel } = notification;
  return (typeof channel === "string" ? channel : channel[0]) === name;
}

/** The most bytes of a channel's JSON text. The index of a database has no room for longer ones. */
const LONGEST_KEY = 2_000;

/**
 * Returns the channel as one string, its JSON text. The key tells `"1"` from `1`, and a tuple from a string that looks
 * like it. HTTP answers hold it as it is, and any database can keep it, because no NUL and no lone surrogate is left.
 * Throws `bad_channel` if the value is no channel, or longer than any database keeps.
 */
export function keyOf(channel: unknown): string {
  if (typeof channel === "string" && channel !== "") return keyOfString(channel);
  if (Array.isArray(channel) && isTuple(channel)) return keyInBounds(JSON.stringify(channel));
  throw new BusError(
    "bad_channel",
    `a channel must be a string, or a list of a name and strings or finite numbers, and its name not empty, got ${given(channel)}`,
  );
}

/** Returns the channel of a key. A tuple is frozen, because all readers share it. */
export function channelOf(key: string): Channel {
  return Object.freeze(JSON.parse(key) as Channel); // keyOf wrote it
}

// Quoting a name again for each of its messages costs more than looking it up. The bounds keep strangers' names from piling up.
const KNOWN_NAMES = 4096;
const KNOWN_LENGTH = 256;
const keys = new Map<string, string>();

function keyOfString(name: string): string {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = JSON.stringify(name);
  if (name.length > KNOWN_LENGTH) return keyInBounds(key);
  if (keys.size >= KNOWN_NAMES) keys.clear();
  keys.set(name, key);
  return key;
}

// A UTF-16 unit takes at most three bytes, so most keys need no counting.
function keyInBounds(key: string): string {
  if (key.length * 3 <= LONGEST_KEY) return key;
  const bytes = Buffer.byteLength(key);
  if (bytes <= LONGEST_KEY) return key;
  throw new BusError("bad_channel", `a channel may have ${LONGEST_KEY} bytes as JSON, and ${given(key)} has ${bytes}`);
}

function isTuple(list: readonly unknown[]): list is Tuple<string> {
  if (typeof list[0] !== "string" || list[0] === "") return false;
  // `every` would skip an empty slot of the list
  return Array.from(list).every((part) => typeof part === "string" || Number.isFinite(part));
}
