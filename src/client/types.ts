import type { AnyChannels, NameOf, Notification } from "../notification.ts";
import type { ClientError } from "./errors.ts";

/**
 * - `connecting`: the first attempt is under way.
 * - `live`: connected; what is sent arrives.
 * - `waiting`: the connection broke; the client pauses before the next attempt, or makes it.
 * - `offline`: as `waiting`, and the browser says that there is no network.
 * - `idle`: no channel is asked for, and the server adds none; it goes on when one is added.
 * - `closed`: for good, by `close()` or because the server refused.
 */
export type Status = "connecting" | "live" | "waiting" | "offline" | "idle" | "closed";

export interface ClientEvents<C extends object = AnyChannels> {
  /** Each notification, once, in the order of the ids. */
  readonly notification: (notification: Notification<C>) => void;
  /** The history after `last` has a gap: load the present state anew. What is retained follows. */
  readonly missed: (gap: { readonly last: number }) => void;
  /** The reason explains `waiting`, `offline`, `idle` or `closed`. The event repeats when the reason changes. */
  readonly status: (status: Status, reason: ClientError | undefined) => void;
  /** What closed the client, or what a listener threw. */
  readonly error: (error: ClientError) => void;
}

export interface ClientOptions<C extends object = AnyChannels> {
  /** The channels to begin with; none is fine where the server's `channels` hook adds some. */
  readonly channels?: readonly NameOf<C>[];
  /** Where to go on from, as `bus.last` in a rendered page. Default: what is in `storage`, else now. */
  readonly last?: number;
  /** Default `auto`: streaming, and polling where that does not come through. */
  readonly transport?: "auto" | "events" | "poll";
  /**
   * Keeps positions over a reload, such as `sessionStorage`: one for each name, and one, `*`, for what the server's hook adds. A
   * client begins at the smallest position of its names. On each name it hands over only what lies after that name's own position.
   * Clients of one base may share a storage. If two of them read the same name, the last to write decides. Positions of at most 300
   * names are kept besides the client's own. Failures of the storage are ignored.
   */
  readonly storage?: Kept;
  /** Tabs of one origin that give the same word here, such as the user's id, share one connection. */
  readonly shareTabs?: string;
  /** Sent with each request. A function is asked anew for each request, and once more when that is answered 401. */
  readonly headers?: Headings | (() => Headings | Promise<Headings>);
  readonly credentials?: "omit" | "same-origin" | "include";
  /** Instead of the global one. */
  readonly fetch?: Fetch;
  /**
   * The mount's `heartbeat` in ms until it says so itself, in each stream; default 15,000. A connection that is silent for 2.5 of
   * them is taken for dead; for one, when the page becomes visible.
   */
  readonly heartbeat?: number;
}

type Headings = Readonly<Record<string, string>>;

interface Kept {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** The global one's type, where there are types of the DOM or of Node. */
type Fetch = typeof globalThis extends { fetch: infer F } ? F : (url: string, init: object) => Promise<unknown>;

/** The global one's type, where there are types of the DOM or of Node. */
type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : { readonly aborted: boolean };

export interface SubscribeOptions {
  /** Ends the loop. */
  readonly signal?: Signal;
  /** Told of a gap after `last`, once what came before it was taken; without it a gap throws `missed`. */
  readonly onMissed?: (last: number) => void;
}

/** What arrives, on whatever way: the plain dialect's answer to a poll. `last` is where the reader stands after it. */
export interface News {
  readonly notifications: readonly Notification[];
  readonly last: number;
  readonly missed?: boolean;
}
