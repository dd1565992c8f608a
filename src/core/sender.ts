import pDefer, { type DeferredPromise } from "p-defer";
import { BusError, notBegun } from "../errors.ts";
import type { KeyBounds, KeyedOutcome, PendingRow, SendKey, Store } from "../store.ts";
import type { Meter } from "./meter.ts";
import { bytesOf, mostBytesOf } from "./serialise.ts";

interface Send {
  /** The rows; empty while they are coming. */
  rows: readonly PendingRow[];
  readonly ids: DeferredPromise<readonly number[]>;
  readonly key: SendKey | undefined;
  /** Settles once the rows are there, or the send has left the queue. Undefined if the rows are there. */
  coming: Promise<void> | undefined;
}

/** The parts that a sender needs. */
export interface SenderOptions {
  readonly meter: Pick<Meter, "countSend">;
  readonly store: Pick<Store, "maxRows" | "maxBytes">;
  /** Resolves when the store is open. */
  readonly opening: Promise<void>;
  readonly append: Store["append"];
  readonly appendKeyed: NonNullable<Store["appendKeyed"]>;
  readonly keys: KeyBounds;
}

/**
 * Queues sends and commits them in groups: the sends of one tick together, or the sends that gather while a commit is
 * under way. Each send is committed whole, and settles on its own.
 */
export class Sender {
  readonly #options: SenderOptions;
  #queue: Send[] = [];
  #flushing: Promise<void> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Resolves with the ids once the rows are committed, or were committed before by this key. Rejects with `store` or `bad_key`. */
  send(rows: readonly PendingRow[], key?: SendKey): Promise<readonly number[]> {
    if (rows.length === 0) return Promise.resolve([]);
    this.#options.meter.countSend(rows.length);
    const ids = pDefer<readonly number[]>();
    this.#queue.push({ rows, ids, key, coming: undefined });
    this.#flushing ??= this.#flush();
    return ids.promise;
  }

  /** Queues a send whose rows are yet to come. Later sends wait behind it. Rejects as the rows do. */
  sendLater(rows: Promise<readonly PendingRow[]>, key?: SendKey): Promise<readonly number[]> {
    const ids = pDefer<readonly number[]>();
    const arrive = (arrived: readonly PendingRow[]): void => {
      send.rows = arrived;
      send.coming = undefined;
      this.#options.meter.countSend(arrived.length);
    };
    const leave = (error: unknown): void => {
      this.#queue = this.#queue.filter((one) => one !== send);
      ids.reject(error);
    };
    const send: Send = { rows: [], ids, key, coming: rows.then(arrive, leave) };
    this.#queue.push(send);
    this.#flushing ??= this.#flush();
    return ids.promise;
  }

  /** Resolves when every queued send has settled. */
  async finish(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
  }

  async #flush(): Promise<void> {
    try {
      await this.#options.opening; // an open store commits at the end of the tick, so that other sends of the tick can join
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        if (next.coming === undefined) await this.#commit(this.#take());
        else await next.coming;
      }
    } catch (error) {
      for (const send of this.#queue.splice(0)) send.ids.reject(error);
    } finally {
      this.#flushing = undefined;
    }
  }

  /**
   * Takes the sends of the next commit from the queue: as many as the store accepts at once, and at least one. Sends of one key
   * and other entries go apart, because the second may be the one that the key belongs to.
   */
  #take(): readonly Send[] {
    const { maxRows, maxBytes } = this.#options.store;
    const isCounted = maxBytes < Number.POSITIVE_INFINITY && this.#mostBytes() > maxBytes;
    let rows = 0;
    let bytes = 0;
    let count = 0;
    let hashes: Map<string, string> | undefined;
    for (const send of this.#queue) {
      if (send.coming !== undefined) break;
      if (send.key !== undefined) {
        const { name, hash } = send.key;
        hashes ??= new Map();
        if ((hashes.get(name) ?? hash) !== hash) break;
        hashes.set(name, hash);
      }
      rows += send.rows.length;
      if (isCounted) bytes += bytesOf(send.rows);
      if (count > 0 && (rows > maxRows || bytes > maxBytes)) break;
      count += 1;
    }
    if (count < this.#queue.length) return this.#queue.splice(0, count);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  #mostBytes(): number {
    return this.#queue.reduce((sum, { rows }) => sum + mostBytesOf(rows), 0);
  }

  async #commit(sends: readonly Send[]): Promise<void> {
    try {
      const { append, appendKeyed, keys } = this.#options;
      const isKeyed = sends.some(({ key }) => key !== undefined);
      const outcomes = isKeyed ? await appendKeyed(sends, keys) : await append(sends.map(({ rows }) => rows));
      for (const [index, send] of sends.entries()) settle(send, outcomes[index]!);
    } catch (error) {
      await this.#refused(sends, error as BusError); // StoreGuard throws no other error
    }
  }

  // The sender retries sends of a refused append one by one, so that a refused send takes no other with it. An uncertain commit is not tried again, because that could send twice. An unavailable store is not tried again
  // either, because each send would wait in vain.
  async #refused(sends: readonly Send[], error: BusError): Promise<void> {
    const { refused, unavailable } = error;
    if (sends.length > 1 && refused && !unavailable) {
      for (const send of sends) await this.#commit([send]);
      return;
    }
    for (const { ids, key } of sends) ids.reject(key === undefined || refused ? error : unknownOutcome(error));
    if (unavailable) for (const send of this.#queue.splice(0)) send.ids.reject(notBegun(error));
  }
}

function settle({ ids }: Send, outcome: KeyedOutcome): void {
  if (outcome !== "taken") ids.resolve(outcome);
  else ids.reject(new BusError("bad_key", "another send had this key, with other entries: use a new key"));
}

function unknownOutcome(error: BusError): BusError {
  const { message, unavailable } = error;
  const sentence = `${message}; the send may have been committed, so send it again with the same key`;
  return new BusError("store", sentence, { cause: error, refused: false, unavailable });
}
