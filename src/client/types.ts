import type { AnyChannels, NameOf, Notification } from "../notification.ts";
import type { ClientError } from "./errors.ts";

/**
 * The state of a client.
 *
 * - `connecting`: the first attempt is under way.
 * - `live`: connected; notifications arrive.
 * - `waiting`: the connection broke. The client pauses before the next attempt, or makes it.
 * - `offline`: as `waiting`, and the browser reports no network.
 * - `idle`: no channel is asked for, and the server adds none. The client goes on once a channel is added.
 * - `closed`: for good, by `close()` or by the server's refusal.
 */
export type Status = "connecting" | "live" | "waiting" | "offline" | "idle" | "closed";

/** The events of a client, each with the arguments of its listeners. */
export interface ClientEvents<C extends object = AnyChannels> {
  /** Each notification, once, in the order of the ids. */
  readonly notification: (notification: Notification<C>) => void;
  /** Notifications after `last` were lost: load the present state anew. The retained notifications follow. */
  readonly missed: (gap: { readonly last: number }) => void;
  /** The reason explains `waiting`, `offline`, `idle` or `closed`. The event repeats when the reason changes. */
  readonly status: (status: Status, reason: ClientError | undefined) => void;
  /** The refusal that closed the client, or the error of a listener. */
  readonly error: (error: ClientError) => void;
}

/** The options of `connect`. */
export interface ClientOptions<C extends object = AnyChannels> {
  /** The first channels. The list may be empty if the server's `channels` hook adds some. */
  readonly channels?: readonly NameOf<C>[];
  /** The position to begin after, for example `bus.last` in a rendered page. Default: the position in `storage`, else now. */
  readonly last?: number;
  /** The transport. Default `auto`: streaming, and polling if streams do not come through. */
  readonly transport?: "auto" | "events" | "poll";
  /**
   * Keeps positions over a reload, for example `sessionStorage`: one for each name, and `*` for the channels of the
   * server's hook. A client begins at the smallest position of its names. On each name it hands over only notifications
   * after that name's position. Clients of one base may share a storage. If two of them read the same name, the last to
   * write decides. Positions of at most 300 other names are kept besides. Failures of the storage are ignored.
   */
  readonly storage?: Kept;
  /** Tabs of one origin with the same word here, for example the user's id, share one connection. */
  readonly shareTabs?: string;
  /** Headers of each request. A function is asked for each request, and once more after a 401. */
  readonly headers?: Headings | (() => Headings | Promise<Headings>);
  /** The credentials of each request, as in `fetch`. Default: that of `fetch`, `same-origin`. */
  readonly credentials?: "omit" | "same-origin" | "include";
  /** The fetch function. Default: the global one. */
  readonly fetch?: Fetch;
  /**
   * The mount's `heartbeat` in ms, until each stream states it. Default: 15,000. A connection that is silent for 2.5
   * heartbeats counts as dead; for one heartbeat, if the page becomes visible.
   */
  readonly heartbeat?: number;
}

type Headings = Readonly<Record<string, string>>;

interface Kept {
  /** Returns the text of a key; null without one. */
  getItem(key: string): string | null;
  /** Keeps a text under a key. */
  setItem(key: string, value: string): void;
}

/** The global type, if the project has types of the DOM or of Node. */
type Fetch = typeof globalThis extends { fetch: infer F } ? F : (url: string, init: object) => Promise<unknown>;

/** The global type, if the project has types of the DOM or of Node. */
type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : { readonly aborted: boolean };

/** The options of a client's send. */
export interface ClientSendOptions {
  /**
   * The key under which the same send commits once, as `Idempotency-Key`: at most 255 visible characters of ASCII, such as
   * a UUID. The mount remembers it for the bus's `keys.window`.
   */
  readonly key?: string;
  /** Ends the wait for the answer, with the code `network`. The send may have been committed. */
  readonly signal?: Signal;
}

/** The options of `client.subscribe`. */
export interface SubscribeOptions {
  /** Ends the loop. */
  readonly signal?: Signal;
  /** Called with the last id before a loss, after the notifications before it. Without it a loss throws `missed`. */
  readonly onMissed?: (last: number) => void;
}

/** News on any transport: the plain dialect's answer to a poll. `last` is the reader's position after it. */
export interface News {
  readonly notifications: readonly Notification[];
  readonly last: number;
  readonly missed?: boolean;
}
