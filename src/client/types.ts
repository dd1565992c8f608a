import type { AnyChannels, NameOf, Notification } from "../notification.ts";
import type { ClientError } from "./errors.ts";

/**
 * - `connecting`: the first attempt is under way.
 * - `live`: connected; what is sent arrives.
 * - `waiting`: the connection broke; it pauses before the next attempt, or that is under way.
 * - `offline`: as `waiting`, and the browser says that there is no network.
 * - `closed`: for good, by `close()` or because the server refused.
 */
export type Status = "connecting" | "live" | "waiting" | "offline" | "closed";

export interface ClientEvents<C extends object = AnyChannels> {
  /** Each notification, once, in the order of the ids. */
  readonly notification: (notification: Notification<C>) => void;
  /** The history after `last` has a hole: load the present state anew. What is retained follows. */
  readonly missed: (hole: { readonly last: number }) => void;
  readonly status: (status: Status) => void;
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
  /** Keeps `last` over a reload, such as `sessionStorage`. Its failures are ignored. */
  readonly storage?: Pick<Storage, "getItem" | "setItem">;
  /** Tabs of one origin that give the same word here, such as the user's id, share one connection. */
  readonly shareTabs?: string;
  /** Sent with each request. A function is asked anew for each attempt. */
  readonly headers?: Headings | (() => Headings | Promise<Headings>);
  readonly credentials?: RequestCredentials;
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** The mount's `heartbeat` in ms, default 15,000. A connection that is silent for 2.5 of them is taken for dead. */
  readonly heartbeat?: number;
}

type Headings = Readonly<Record<string, string>>;

export interface SubscribeOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal;
  /** Told of a hole after `last`, once what came before it was taken; without it a hole throws `missed`. */
  readonly onMissed?: (last: number) => void;
}

/** What arrives, on whatever way: the plain dialect's answer to a poll. `last` is where the reader stands after it. */
export interface News {
  readonly notifications: readonly Notification[];
  readonly last: number;
  readonly missed?: boolean;
}
