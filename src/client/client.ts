/**
 * Connects a browser, or another process, to a mount. The same module is minified in `nightbus/client.min.js`.
 *
 * @module nightbus/client
 */

import type { AnyChannels, MapOf, Named, NameOf, Notification, SentOf, Strict } from "../notification.ts";
import type { InputOf } from "../schema.ts";
import { ClientError, must, mustBeOneOf, quietly } from "./errors.ts";
import { subscription } from "./subscription.ts";
import { checkNames, openTab } from "./tab.ts";
import { share } from "./tabs/election.ts";
import { pause } from "./transport/pause.ts";
import { answerOf, failureOf, type Mount, requester } from "./transport/request.ts";
import type { ClientEvents, ClientOptions, ClientSendOptions, Status, SubscribeOptions } from "./types.ts";

export { ClientError, type ClientErrorCode } from "./errors.ts";
export type { ClientEvents, ClientOptions, ClientSendOptions, Status, SubscribeOptions } from "./types.ts";

/** An entry that a client sends: the name of a channel and its message. */
export type NamedEntry<C extends object = AnyChannels, N extends keyof MapOf<C> = keyof MapOf<C>> = N extends string
  ? readonly [channel: Named<N>, message: InputOf<MapOf<C>[N]>]
  : never;

/** A browser's end of the bus. Each notification on its channels arrives once and in order, even if the network breaks. */
export interface Client<C extends object = AnyChannels> {
  /** The state of the client. The event `status` tells of each change. */
  readonly status: Status;
  /** The position up to which the client has everything; undefined until the first connection has a position. */
  readonly last: number | undefined;
  /**
   * Listens to an event. Returns a function that ends the listening. A listener that throws stops no other, and its
   * error is emitted as `error`.
   */
  on<E extends keyof ClientEvents<C>>(event: E, listener: ClientEvents<C>[E]): () => void;
  /** Reads this channel too, from the client's position on. The channel stays until it was deleted as often as added. */
  addChannel(channel: NameOf<C>): void;
  /** Takes back one `addChannel`. The last one ends this channel, which the connection may read for a second more. */
  deleteChannel(channel: NameOf<C>): void;
  /**
   * Iterates over the notifications of these channels. The loop adds the channels as `addChannel` does, and deletes
   * them at its end. An abort or `close()` ends it. The iterator throws `missed` at a loss without `onMissed`,
   * `overflow` once 10,000 notifications wait, and the server's refusals.
   */
  subscribe<const K extends NameOf<C>>(
    channels: readonly K[],
    options?: SubscribeOptions,
  ): AsyncIterableIterator<Notification<C, K>>;
  /**
   * Sends one notification, and resolves with its id after the commit. With a `key`, the same send commits once. Rejects
   * with a ClientError. After `network` the send may have been committed.
   */
  sendone<const K extends NameOf<C>>(channel: K, message: SentOf<C, K>, options?: ClientSendOptions): Promise<number>;
  /** Sends all notifications or none, and resolves with their ids. Rejects as `sendone`. */
  sendmany<const E extends readonly NamedEntry<C>[]>(
    entries: E & Strict<C, E>,
    options?: ClientSendOptions,
  ): Promise<readonly number[]>;
  /** Closes the client for good. A second call does nothing. */
  close(): void;
  /**
   * Requests a route of the mount, for other modules of nightbus. Rejects with a ClientError for a refusal, and as
   * `fetch` does without an answer.
   *
   * @internal
   */
  request: Mount["request"];
  /**
   * Pauses after this many failures, as the connection does, for other modules of nightbus. The signal ends the pause.
   *
   * @internal
   */
  pause(failures: number, failure: ClientError | undefined, signal: AbortSignal): Promise<unknown>;
}

interface Sent {
  readonly ids: readonly number[];
}

/**
 * Connects to the mount at `base`, such as `/longpolling`. The client stays connected until it is closed or refused.
 * `C` is a map of channels, or the type of the server's bus: `connect<typeof bus>(…)`.
 */
export function connect<C extends object = AnyChannels>(base: string, options: ClientOptions<C> = {}): Client<C> {
  must(base && !/[?#]/.test(base), "base must be a URL without ? and #", base);
  for (const name in options)
    mustBeOneOf("channels, last, transport, storage, shareTabs, headers, credentials, fetch, heartbeat", name);
  const { channels = [], last, transport = "auto", heartbeat = 15_000, shareTabs = "", storage } = options;
  mustBeOneOf("auto, events, poll", transport);
  must(Number.isSafeInteger(last ?? 0) && !(last! < 0), "last must be an id", last);
  must(heartbeat > 0 && heartbeat < 1e8, "heartbeat must be ms", heartbeat);

  const path = String(base).replace(/\/+$/, "");
  const name = `nightbus:${path}:${shareTabs}`;
  const request = requester(path, options);
  const mount = { request, transport, heartbeat, retry: 0 };
  const tab = openTab(last, storage, name);
  tab.count(channels, 1);
  // The 2 is the version of the messages. Tabs of another client version have a connection of their own.
  share(mount, tab, shareTabs && 2 + name);

  async function sendmany(
    entries: readonly (readonly [string, unknown])[],
    { key, signal }: ClientSendOptions = {},
  ): Promise<readonly number[]> {
    must(/^[!-~]+$/.test(key ?? "-"), "key must be ASCII", key);
    for (const [channel, message] of entries) {
      checkNames([channel]);
      must(
        quietly(() => JSON.stringify(message)),
        "message must be JSON",
        message,
      );
    }
    if (tab.status === "closed") throw new ClientError("closed", "closed");
    try {
      return (await answerOf<Sent>(await request("/send", signal, { entries }, key), "ids")).ids;
    } catch (cause) {
      throw failureOf(cause, true);
    }
  }

  const client = {
    request,
    pause: pause.bind(null, { retry: 0 }),
    get status() {
      return tab.status;
    },
    get last() {
      return tab.last;
    },
    on: (name: string, listener: (...values: unknown[]) => void) => {
      mustBeOneOf("notification, missed, status, error", name);
      return tab.listen((event, ...values) => {
        if (event === name) listener(...values);
      });
    },
    addChannel: (channel: string) => tab.count([channel], 1),
    deleteChannel: (channel: string) => tab.count([channel], -1),
    subscribe: (names: readonly string[], given?: SubscribeOptions) => subscription(tab, names, given),
    sendone: async (channel: string, message: unknown, given?: ClientSendOptions) =>
      (await sendmany([[channel, message]], given))[0],
    sendmany,
    close: () => tab.end(),
  };
  return client as unknown as Client<C>; // the server's bus has the same channels
}
