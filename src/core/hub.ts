// Longer than 250 lines: reading and parking are one invariant, since nothing may come in between.

import { asError, closed } from "../errors.ts";
import { Answer } from "../log/answer.ts";
import { Log } from "../log/log.ts";
import { PendingTrims } from "../log/pending-trims.ts";
import type { Query } from "../log/query.ts";
import type { CheckedRetention } from "../log/retention.ts";
import type { Notification } from "../notification.ts";
import type { Store } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { unlessAborted } from "../util/signals.ts";
import type { Answering } from "../waiters/answers.ts";
import { type Line, type Wait, Waiters } from "../waiters/waiters.ts";
import { type Watcher, Watchers } from "../waiters/watchers.ts";
import { type Channel, Ingest } from "./ingest.ts";
import type { Held, Meter } from "./meter.ts";
import type { Probe } from "./probe.ts";
import { StoreGuard } from "./store-guard.ts";
import { Sweeper } from "./sweeper.ts";

export interface HubOptions {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly retention: CheckedRetention;
  readonly store: Store;
  /** The most rows of an answer to those who set no limit of their own. */
  readonly limit: number;
  /** Whether anyone wants `notify` to be called. */
  readonly listening: () => boolean;
  readonly notify: (notification: Notification) => void;
  readonly error: (error: Error) => void;
}

/** How a poll is parked. */
export type Parking<T> = Pick<Wait<Channel, Answer, T>, "deadline" | "signal" | "form">;

/** How a poll waits, if it has to: so many ms, which may be Infinity. */
export type Patience<T> = Omit<Parking<T>, "deadline"> & { readonly timeout: number };

/**
 * Reads, or parks until there is something to read: where the log, those who wait and the store meet. Between `read` and
 * `park` or `watch` nothing may be awaited.
 */
export class Hub {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly limit: number;
  /** Resolves when the store has been replayed, also while the bus is closing. Rejects with `store`. */
  readonly opening: Promise<void>;
  /** For whoever tests what uses the bus. */
  probe: Probe | undefined;
  readonly #guard: StoreGuard;
  readonly #log: Log<Line>;
  readonly #waiters: Waiters<Channel, Answer>;
  readonly #watchers: Watchers<Channel, Answer>;
  readonly #ingest: Ingest;
  readonly #sweeper: Sweeper;
  #live = false;
  #lastReplayed = 0;
  #closing = false;

  constructor(options: HubOptions) {
    const { clock, meter, retention, store, error } = options;
    this.clock = clock;
    this.meter = meter;
    this.limit = options.limit;
    this.#guard = new StoreGuard(options);
    const pendingTrims = new PendingTrims(store.trim !== undefined);
    const read = (): number | undefined => this.#guard.now();
    this.#log = new Log<Line>({ read, monotonic: () => clock.monotonic(), retention, error, pendingTrims });
    this.#sweeper = new Sweeper({
      clock,
      log: this.#log,
      meter,
      pendingTrims,
      trim: (trimmed) => this.#guard.trim(trimmed),
      beforeSweep: () => this.#ingest.end(),
    });
    const answering: Answering<Channel, Answer> = {
      answer: (channels, reading) => this.#ingest.since(channels, reading),
      nothing: () => this.nothing(),
      left: (channel) => this.#log.release(channel),
    };
    this.#waiters = new Waiters<Channel, Answer>(clock, answering);
    this.#watchers = new Watchers<Channel, Answer>(answering, (thrown) => this.#ingest.error(asError(thrown)));
    const woken = { polls: 0, streams: 0 };
    this.#ingest = new Ingest({
      clock,
      log: this.#log,
      wake: (touched) => {
        const parked = this.waiting;
        this.#waiters.wake(touched);
        woken.polls = parked - this.waiting;
        woken.streams = this.#watchers.wake(touched);
      },
      changed: () => {
        const { polls, streams } = woken;
        woken.polls = woken.streams = 0;
        this.#sweeper.changed();
        meter.woke(polls, streams);
      },
      listening: () => this.probe !== undefined || options.listening(),
      notify: (notification) => {
        this.probe?.committed(notification);
        options.notify(notification);
      },
      error: (thrown) => this.#guard.failed(thrown),
    });
    this.opening = this.#open();
    this.opening.catch(() => {}); // whoever calls gets it; it was reported once
  }

  get last(): number {
    return this.#log.newest;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** True if the bus lets nobody in any longer. */
  get isClosing(): boolean {
    return this.#closing;
  }

  get held(): Held {
    const { rows, bytes, channels } = this.#log;
    return { rows, bytes, channels, waiters: this.waiting, lead: Math.round(this.#guard.lead) };
  }

  /** Resolves with the newest id of this moment, or else of the replay. Rejects with `store` or `closed`. */
  get newestId(): number | Promise<number> {
    return this.#live ? this.last : this.ready().then(() => this.#lastReplayed);
  }

  /** Whether the bus is open and its store works. One that failed when it was last used is asked again. */
  async check(): Promise<boolean> {
    await this.#guard.check();
    return this.#guard.isGood && !this.#closing;
  }

  /** Resolves when the store has been replayed. Rejects with `store` or `closed`. */
  ready(): Promise<void> {
    return this.#closing ? Promise.reject(closed()) : this.opening;
  }

  /** Reads, or parks until there is something to say. Rejects with `store`, `closed`, or the signal's reason. */
  poll<T>(query: Query, patience: Patience<T>): Promise<T> {
    const { signal } = patience;
    if (this.#closing) return Promise.reject(closed());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const reaching = this.#reach(query.last);
    if (reaching === undefined) return this.#readOrPark(query, patience);
    const deadline = this.clock.monotonic() + patience.timeout;
    return unlessAborted(reaching, signal).then(() => {
      const timeout = Math.max(0, deadline - this.clock.monotonic());
      return this.#readOrPark(query, { ...patience, timeout });
    });
  }

  /**
   * What has to be awaited before reading from `last`, if anything: that the store is open, and for a cursor beyond the newest
   * id, which may come from a faster process, that this one has caught up. Rejects with `store` or `closed`.
   */
  reach(last: number): Promise<void> | undefined {
    return this.#closing ? Promise.reject(closed()) : this.#reach(last);
  }

  /** What there is to answer at once: rows, or that something was missed. */
  read(query: Query): Answer | undefined {
    this.#ingest.end();
    return this.#log.read(query);
  }

  /** The answer of a reader for whom there is nothing. */
  nothing(): Answer {
    return new Answer([], this.last, false);
  }

  recent(keys: readonly string[], count: number): Answer {
    this.#ingest.end();
    return this.#log.recent(keys, count);
  }

  /** Parks a poll for which `read` has just found nothing. Rejects with the signal's reason. */
  park<T>(query: Query, { deadline, signal, form }: Parking<T>): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    // It was called before the end, and is answered as those are that were parked then.
    if (this.#closing) return Promise.resolve(form(this.nothing()));
    const channels = query.keys.map((key) => this.#log.channel(key));
    const { limit, size = Number.POSITIVE_INFINITY, last } = query;
    const answer = this.#waiters.park({ channels, limit, size, exact: last > 0, deadline, signal, form });
    this.probe?.parked(query, deadline, answer);
    return answer;
  }

  /** Answers the parked polls of this form with nothing, as at the end. */
  release(form: unknown): void {
    this.#ingest.end();
    this.#waiters.release(form);
  }

  /** Hands on what is committed from now on, after a `read` that has just found nothing. Returns how to stop. */
  watch(keys: readonly string[], watcher: Watcher<Answer>): () => void {
    return this.#watchers.add(
      keys.map((key) => this.#log.channel(key)),
      watcher,
    );
  }

  /** The newest position before the row of this id. */
  positionBefore(id: number): number {
    return this.#log.positionBefore(id);
  }

  /** Commits sends. */
  append: Store["append"] = (sends) => this.#guard.append(sends);

  /** Lets nobody in any longer. What is queued is still committed, and reaches those who wait. */
  shut(): void {
    this.#closing = true;
  }

  /** Answers everyone who still waits, and closes the store. */
  async close(): Promise<void> {
    await this.opening.catch(() => {}); // it was reported, and there is nothing to close
    this.#ingest.end();
    this.#waiters.close();
    this.#sweeper.stop();
    await this.#guard.close();
  }

  async #open(): Promise<void> {
    await this.#guard.open(this.#ingest);
    this.#ingest.goLive();
    this.#lastReplayed = this.last;
    this.#live = true;
    this.probe?.opened();
  }

  #reach(last: number): Promise<void> | undefined {
    if (!this.#live) return this.opening.then(() => this.#reach(last));
    return last > this.last ? this.#guard.sync() : undefined;
  }

  #readOrPark<T>(query: Query, { timeout, signal, form }: Patience<T>): Promise<T> {
    const answer = this.read(query) ?? (timeout === 0 ? this.nothing() : undefined);
    const answered =
      answer === undefined
        ? this.park(query, { deadline: this.clock.monotonic() + timeout, signal, form })
        : Promise.resolve(form(answer));
    // Told last: a subscriber may poll, and a commit that it meets between reading and parking would be lost.
    this.meter.polled(query.keys, answer);
    return answered;
  }
}
