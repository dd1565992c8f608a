// Longer than 250 lines: the one door to the log, and most of it docstrings.

import { asError, BusError, closed } from "../errors.ts";
import type { Answer } from "../log/answer.ts";
import type { Lag } from "../log/lag.ts";
import { Log } from "../log/log.ts";
import { PendingTrims } from "../log/pending-trims.ts";
import type { Known, Query } from "../log/query.ts";
import type { CheckedRetention } from "../log/retention.ts";
import type { SharedRow } from "../log/row.ts";
import type { Notification } from "../notification.ts";
import type { KeyBounds, KeyedOutcome, KeyedSend, Store } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import type { Line } from "../waiters/waiter.ts";
import type { Claim } from "./claim.ts";
import { Closings } from "./closings.ts";
import type { Following, PageBounds } from "./following.ts";
import { Ingest } from "./ingest.ts";
import type { Held, Meter } from "./meter.ts";
import type { Probe } from "./probe.ts";
import { type FollowTerms, type PollTerms, Readers } from "./readers.ts";
import { StoreGuard } from "./store-guard.ts";
import { Sweeper } from "./sweeper.ts";

/** The parts and bounds that a bus gives its hub. */
export interface HubOptions {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly retention: CheckedRetention;
  readonly store: Store;
  /** The most rows of an answer for readers that set no limit of their own. */
  readonly limit: number;
  /** Returns true if `notify` has to be called. */
  readonly listening: () => boolean;
  readonly notify: (notification: Notification) => void;
  readonly error: (error: Error) => void;
}

/**
 * The centre of a bus: the log, its readers and the store meet here. Every read goes through `poll`, `follow` or `recent`, every
 * write through `append`.
 */
export class Hub {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly limit: number;
  /** The mounts, which end after the hub. */
  readonly closings = new Closings();
  /** Resolves when the store has been replayed, also while the bus is closing. Rejects with `store`. */
  readonly opening: Promise<void>;
  /** A fake bus sets the probe, and its tests ask the probe for events. */
  probe: Probe | undefined;
  readonly #guard: StoreGuard;
  readonly #log: Log<Line>;
  readonly #ingest: Ingest;
  readonly #readers: Readers;
  readonly #sweeper: Sweeper;
  readonly #isKept: boolean;
  #live = false;
  #lastReplayed = 0;
  #closing = false;
  #claim: Claim | undefined;

  constructor(options: HubOptions) {
    const { clock, meter, retention, store, error } = options;
    this.clock = clock;
    this.meter = meter;
    this.limit = options.limit;
    this.#guard = new StoreGuard(options);
    this.#isKept = store.trim !== undefined;
    const pendingTrims = new PendingTrims(this.#isKept);
    const read = (): number | undefined => this.#guard.now();
    const log = new Log<Line>({ read, monotonic: () => clock.monotonic(), retention, error, pendingTrims });
    this.#log = log;
    this.#sweeper = new Sweeper({
      clock,
      log,
      meter,
      pendingTrims,
      trim: (trimmed) => this.#guard.trim(trimmed),
      beforeSweep: () => this.#ingest.end(),
    });
    let woken = NOBODY;
    this.#ingest = new Ingest({
      clock,
      log,
      wake: (touched) => {
        woken = this.#readers.wake(touched);
      },
      flush: () => this.#readers.flush(),
      kept: () => this.#readers.kept,
      changed: () => {
        const { polls, streams } = woken;
        woken = NOBODY;
        this.#sweeper.handOn();
        meter.countWake(polls, streams);
      },
      listening: () => this.probe !== undefined || options.listening(),
      notify: (notification) => {
        this.probe?.onCommit(notification);
        options.notify(notification);
      },
      error: (thrown) => this.#guard.report(thrown),
    });
    this.#readers = new Readers({
      clock,
      log,
      meter,
      ingest: this.#ingest,
      reach: (last) => this.#reach(last),
      isClosing: () => this.#closing,
      probe: () => this.probe,
      failed: (thrown) => this.#ingest.error(asError(thrown)),
    });
    this.opening = this.#open();
    this.opening.catch(() => {}); // callers of `ready` receive the error, and the error event reported it once
  }

  /** The newest id. */
  get last(): number {
    return this.#log.newest;
  }

  /** The number of parked polls. */
  get waiting(): number {
    return this.#readers.waiting;
  }

  /** True once the bus refuses new readers. */
  get isClosing(): boolean {
    return this.#closing;
  }

  /** True once the store has been replayed. */
  get isLive(): boolean {
    return this.#live;
  }

  /** The sizes of what the bus holds now. */
  get held(): Held {
    const { rows, bytes, channels } = this.#log;
    return { rows, bytes, channels, waiters: this.waiting, lead: Math.round(this.#guard.lead) };
  }

  /** Returns the newest id, or resolves with that of the replay. Rejects with `store` or `closed`. */
  get newestId(): number | Promise<number> {
    return this.#live ? this.last : this.ready().then(() => this.#lastReplayed);
  }

  /** Resolves with true if the bus is open and its store works. Asks a store again that failed at its last use. */
  async check(): Promise<boolean> {
    await this.#guard.check();
    return this.#guard.isGood && !this.#closing;
  }

  /** Resolves when the store has been replayed. Rejects with `store` or `closed`. */
  ready(): Promise<void> {
    return this.#closing ? Promise.reject(closed()) : this.opening;
  }

  /**
   * Reads, or waits for something to read. Throws or rejects with `closed`, `store`, the signal's reason, or an error
   * of its place.
   */
  poll<T>(query: Query, terms: PollTerms<T>): T | Promise<T> {
    return this.#readers.poll(query, terms);
  }

  /**
   * Returns a follower that stands at this position: it catches up, then watches. Throws or rejects with `closed`,
   * `store`, the signal's reason, or an error of its place.
   */
  follow(
    keys: readonly string[],
    last: number,
    bounds: PageBounds,
    terms?: FollowTerms,
  ): Following | Promise<Following> {
    return this.#readers.follow(keys, last, bounds, terms);
  }

  /** Returns the newest `count` rows of these channels. */
  recent(keys: readonly string[], count: number): Answer {
    return this.#readers.recent(keys, count);
  }

  /** Returns an answer without rows, for a reader that has everything. */
  nothing(): Answer {
    return this.#readers.nothing();
  }

  /** Answers the parked polls of this form with nothing, as at the end. */
  release(form: unknown): void {
    this.#readers.release(form);
  }

  /** True if the store keeps rows, so that other processes, or later ones, read them. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Gives a part of nightbus channels of its own. Throws `bad_option` if the bus has such a part already. */
  claim(claim: Claim): void {
    if (this.#claim !== undefined) throw new BusError("bad_option", "this bus has a presence already: share that one");
    this.#claim = claim;
    this.#ingest.claim(claim);
  }

  /** Returns the rows of this channel, oldest first, also during the replay. */
  retained(key: string): readonly SharedRow[] {
    return this.#log.retained(key);
  }

  /** Returns how far a reader at this position is behind on these channels, and how near to the edge of the retention. */
  lag(keys: readonly string[], last: number, known: Known | undefined): Lag {
    this.#ingest.end();
    return this.#log.lag(keys, last, known);
  }

  /** Returns the newest trimmed id of each of these channels, or an upper bound of it. */
  trimsOf(keys: readonly string[]): Known {
    return this.#log.trimsOf(keys);
  }

  /** Returns the position before everything that is retained, and the trims that a reader from there does not miss. */
  beginning(keys: readonly string[]): { readonly last: number; readonly known: Known } {
    this.#ingest.end();
    return this.#log.beginning(keys);
  }

  /** Returns the newest position before the row of this id. */
  positionBefore(id: number): number {
    return this.#log.positionBefore(id);
  }

  /** Commits sends. */
  append: Store["append"] = (sends) => this.#guard.append(sends);

  /** Commits sends of which some have a key. Resolves once this process has seen the rows. */
  appendKeyed = async (sends: readonly KeyedSend[], bounds: KeyBounds): Promise<readonly KeyedOutcome[]> => {
    const outcomes = await this.#guard.appendKeyed(sends, bounds, this.last);
    const ids = outcomes.flatMap((outcome) => (outcome === "taken" ? [] : (outcome.at(-1) ?? [])));
    // Another process may have committed a send of this key, and this one has yet to hear of it.
    if (ids.some((id) => id > this.last)) await this.#guard.sync();
    return outcomes;
  };

  /** Refuses new readers. Queued sends are still committed, and reach those who wait. */
  shut(): void {
    if (this.#closing) return;
    this.#claim?.farewell();
    this.#closing = true;
  }

  /** Answers every parked poll, and closes the store. */
  async close(): Promise<void> {
    await this.opening.catch(() => {}); // the error was reported, and nothing is open
    this.#claim?.close();
    this.#ingest.end();
    this.#readers.close();
    this.#sweeper.stop();
    await this.#guard.close();
  }

  async #open(): Promise<void> {
    await this.#guard.open(this.#ingest);
    this.#ingest.goLive();
    this.#lastReplayed = this.last;
    this.#live = true;
    this.probe?.onOpen();
  }

  // A cursor beyond the newest id may come from a faster process. Then this process first catches up with the store.
  #reach(last: number): Promise<void> | undefined {
    if (!this.#live) return this.opening.then(() => this.#reach(last));
    return last > this.last ? this.#guard.sync() : undefined;
  }
}

const NOBODY = { polls: 0, streams: 0 };
