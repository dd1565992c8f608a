/**
 * Sends from a browser that may be offline: sends wait in order, survive a reload, and commit once.
 *
 * @module nightbus/client/queue
 */

import type { AnyChannels } from "../notification.ts";
import type { Client } from "./client.ts";
import type { ClientError } from "./errors.ts";
import { attempt } from "./queue/attempt.ts";
import { failure } from "./queue/failure.ts";
import { checkEntries, checkOptions } from "./queue/input.ts";
import { Shelf } from "./queue/shelf.ts";
import { type Ending, turnsOf } from "./queue/turns.ts";
import type { QueueOptions, QueueSent, SendQueue } from "./queue/types.ts";
import type { Waiting } from "./queue/waiting.ts";

export type { QueueGivenUp, QueueOptions, QueueReason, QueueSent, QueueStorage, SendQueue } from "./queue/types.ts";

interface Promised {
  readonly send: Waiting;
  readonly resolve: (ids: readonly number[]) => void;
  readonly reject: (error: ClientError) => void;
}

/**
 * Makes a queue of sends before a client that `connect` returned. The sends go one after the other while the client is
 * connected. Each has a key, so that a send whose answer is lost goes again and commits once. Throws `bad_argument`.
 */
export function queueOf<C extends object = AnyChannels>(of: Client<C>, options: QueueOptions<C>): SendQueue<C> {
  const client = of as unknown as Client; // a client of any channels, since the types of the entries do not matter here
  const { onGivenUp, onSent, onError, storage, name, count, bytes, window } = checkOptions(options);
  const over = new AbortController();
  const promises = new Map<string, Promised>();
  const prefix = `nightbus:queue:1:${encodeURIComponent(name)}:`;
  const shelf = new Shelf({ storage, prefix, count, bytes, failed: report });
  const turns = turnsOf(storage && prefix, (ending) => {
    if (ending === undefined) flush();
    else end(ending);
  });
  let isFlushing = false;
  const unlisten = client.on("status", (status) => {
    if (status === "closed") close();
    else flush();
  });
  globalThis.addEventListener?.("online", flush, { signal: over.signal });
  // A page in the cache of the browser hears no other tab.
  globalThis.addEventListener?.("pageshow", ({ persisted }) => persisted && endUnheard(), { signal: over.signal });
  if (client.status === "closed") close();
  flush();

  const queue = {
    get waiting() {
      return shelf.size;
    },
    sendone: (channel: string, message: unknown) => send([[channel, message]], (ids) => ids[0]),
    sendmany: (entries: unknown) => send(entries, (ids) => ids),
    close,
  };
  return queue as unknown as SendQueue<C>; // the entries have the names and the messages of the client's map

  function send<T>(entries: unknown, form: (ids: readonly number[]) => T): Promise<T> {
    try {
      const checked = checkEntries(entries);
      if (over.signal.aborted) throw failure("closed", "the queue is closed: make another one");
      if (checked.length === 0) return Promise.resolve(form([]));
      const waiting = shelf.add(checked);
      const result = new Promise<T>((resolve, reject) => {
        promises.set(waiting.key, { send: waiting, resolve: (ids) => resolve(form(ids)), reject });
      });
      result.catch(() => {}); // onGivenUp hears of it, too
      turns.tell(undefined);
      flush();
      return result;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async function flush(): Promise<void> {
    if (isFlushing) return;
    isFlushing = true;
    try {
      // A send that the storage lists and cannot give back must not keep the loop going.
      for (let failures = 0; isReachable() && shelf.first() !== undefined; ) {
        // The way may be gone once the turn comes, and a try without it would count.
        const failed = await turns.run(async (signal) =>
          isReachable() ? attempt({ client, shelf, window, end: tell }, signal) : undefined,
        );
        if (failed !== undefined) await client.pause(failures, failed, over.signal);
        failures = failed === undefined ? 0 : failures + 1;
      }
    } finally {
      isFlushing = false; // in the tick of the last look, so that no send falls between
    }
  }

  function isReachable(): boolean {
    const isOnline = globalThis.navigator?.onLine ?? true;
    return !over.signal.aborted && isOnline && (client.status === "live" || client.status === "idle");
  }

  // The other tabs hear of an end before the send leaves the storage, so that a crash between the two loses nothing.
  function tell(ending: Ending): void {
    turns.tell(ending);
    end(ending);
  }

  /** Ends the sends of this page that another tab has ended unheard. */
  function endUnheard(): void {
    const error = failure("unknown", "ended unheard in another tab");
    const sends = [...promises.values()].map(({ send }) => send);
    for (const send of shelf.without(sends)) end({ ...send, reason: "unknown", mayBeCommitted: true, error });
  }

  function end(ending: Ending): void {
    if (!shelf.remove(ending)) return;
    const { key } = ending;
    const promise = promises.get(key);
    promises.delete(key);
    const entries = ending.entries as unknown as QueueSent<C>["entries"]; // the queue took them so
    if ("ids" in ending) {
      promise?.resolve(ending.ids);
      call(onSent, { key, entries, ids: ending.ids });
    } else {
      const { reason, mayBeCommitted, error } = ending;
      promise?.reject(error);
      call(onGivenUp, { key, entries, reason, mayBeCommitted, error });
    }
  }

  function close(): void {
    if (over.signal.aborted) return;
    over.abort();
    turns.close();
    unlisten();
    const lost = failure("closed", "the queue was closed while the send waited in memory");
    for (const one of shelf.fleeting()) end({ ...one, reason: "closed", mayBeCommitted: one.tried > 0, error: lost });
    const kept = failure(
      "closed",
      "the queue was closed while the send waited in the storage, for the next queue of its name",
    );
    for (const { reject } of promises.values()) reject(kept);
    promises.clear();
  }

  function call<T>(callback: (value: T) => void, value: T): void {
    try {
      callback(value);
    } catch (cause) {
      report(failure("thrown", `a callback of the queue threw: ${cause}`, cause));
    }
  }

  function report(error: ClientError): void {
    try {
      onError(error);
    } catch {} // nobody is left to hear of it
  }
}
