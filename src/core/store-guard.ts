import { asStoreError, BusError, given, notBegun } from "../errors.ts";
import type { KeyBounds, KeyedOutcome, KeyedSend, Store, StoreSink, Trimmed } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { SingleFlight } from "../util/single-flight.ts";
import type { Meter } from "./meter.ts";

/** The store, and the parts that hear of its work. */
export interface StoreGuardOptions {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly store: Store;
  /** Receives failures that no caller hears of. */
  readonly error: (error: Error) => void;
}

/**
 * Stands between the hub and the store, and knows if the store works and how long commits take. Every error of the store becomes a `store` error of its own caller, except for a `bad_message`. Only `within` goes from the bus to the store directly.
 */
export class StoreGuard {
  readonly #options: StoreGuardOptions;
  readonly #syncs: SingleFlight;
  #isOpen = false;
  #isGood = false;
  /** True after `error` heard that the store's clock fails, until the clock works. */
  #isTimeless = false;

  constructor(options: StoreGuardOptions) {
    this.#options = options;
    this.#syncs = new SingleFlight(() => this.#sync());
  }

  /** True if the store worked at its last use. */
  get isGood(): boolean {
    return this.#isGood;
  }

  /** Returns the time by which rows age, in ms; undefined while the store's clock fails. Never throws. */
  now(): number | undefined {
    const { clock, store } = this.#options;
    if (store.now === undefined) return clock.now();
    try {
      const now = store.now();
      if (!Number.isFinite(now)) throw new Error(`it returned ${given(now)}`);
      this.#isTimeless = false;
      return now;
    } catch (cause) {
      if (!this.#isTimeless) {
        this.#isTimeless = true;
        this.report(asStoreError(cause, "the store's now() must return a time in ms"));
      }
      return undefined;
    }
  }

  /** The lead of ids over the clock, in ms. */
  get lead(): number {
    return this.#options.store.lead?.() ?? 0;
  }

  /** Replays the log. Rejects with `store`, and reports the same error. */
  async open(sink: StoreSink): Promise<void> {
    try {
      await this.#options.store.open(sink);
    } catch (thrown) {
      await null; // a store may throw at once, and then the bus is not complete yet
      const error = notBegun(asStoreError(thrown));
      this.#options.error(error);
      throw error;
    }
    this.#isOpen = true;
    this.#isGood = true;
  }

  append: Store["append"] = async (sends) => {
    const { clock, meter, store } = this.#options;
    const start = clock.monotonic();
    try {
      const ids = await store.append(sends);
      checkIds(ids, sends);
      this.#isGood = true;
      meter.countCommit(sends, clock.monotonic() - start);
      return ids;
    } catch (thrown) {
      throw this.#failing(thrown);
    }
  };

  /**
   * As `append`, for sends of which some have a key. The store has to remember keys. `newest` is the newest id that this
   * process knows: a send at or below it was committed before, and does not count.
   */
  appendKeyed = async (
    sends: readonly KeyedSend[],
    bounds: KeyBounds,
    newest: number,
  ): Promise<readonly KeyedOutcome[]> => {
    const { clock, meter, store } = this.#options;
    const start = clock.monotonic();
    try {
      const outcomes = await store.appendKeyed!(sends, bounds); // the bus looked
      const own = sends.filter((_, at) => outcomes[at] !== "taken");
      checkIds(
        outcomes.filter((outcome) => outcome !== "taken"),
        own.map(({ rows }) => rows),
      );
      this.#isGood = true;
      const committed = committedAfter(newest, sends, outcomes);
      if (committed.length > 0) meter.countCommit(committed, clock.monotonic() - start);
      return outcomes;
    } catch (thrown) {
      throw this.#failing(thrown);
    }
  };

  /** Resolves when every row committed before the call was handed over. Callers that arrive during a sync share the next one. */
  sync(): Promise<void> {
    return this.#syncs.run();
  }

  /** Asks a store that failed at its last use if it works again. Never rejects. */
  async check(): Promise<void> {
    if (this.#isOpen && !this.#isGood) await this.#syncs.run().catch(() => {}); // the failed sync marks the store
  }

  /** Passes a trim to the store. Readers and timers call it, so it never throws. */
  trim(trimmed: Trimmed): void {
    const failed = (cause: unknown): void => this.report(asStoreError(cause, "the store's trim() failed"));
    try {
      this.#options.store.trim?.(trimmed)?.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** Notes and reports a failure in the background. */
  report(error: Error): void {
    this.#isGood = false;
    this.#options.error(error);
  }

  /** Waits for syncs, because polls wait for them, and closes the store. */
  async close(): Promise<void> {
    await this.#syncs.idle();
    if (!this.#isOpen) return;
    try {
      await this.#options.store.close();
    } catch (thrown) {
      throw asStoreError(thrown);
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#options.store.sync();
      this.#isGood = true;
    } catch (thrown) {
      throw this.#failing(thrown);
    }
  }

  /** Notes a failure that its caller hears of. A send that is too large for the engine is none of the store's. */
  #failing(thrown: unknown): BusError {
    const error = asStoreError(thrown);
    if (error.code === "bad_message") return error;
    this.#isGood = false;
    this.#options.meter.publishError(error);
    return error;
  }
}

/** Returns the rows of the sends with ids after the newest. Sends of one key have the same ids, and are one. */
function committedAfter(
  newest: number,
  sends: readonly KeyedSend[],
  outcomes: readonly KeyedOutcome[],
): readonly KeyedSend["rows"][] {
  const committed = new Map<number, KeyedSend["rows"]>();
  for (const [at, { rows }] of sends.entries()) {
    const [first] = outcomes[at] ?? [];
    if (typeof first === "number" && first > newest) committed.set(first, rows);
  }
  return [...committed.values()];
}

/** Throws `store` unless each send has as many ids as rows, and a first id that is a safe integer. The rows may be committed all the same. */
function checkIds(ids: readonly (readonly number[])[], sends: readonly (readonly unknown[])[]): void {
  const fits = (send: readonly unknown[], at: number): boolean =>
    ids[at]?.length === send.length && Number.isSafeInteger(ids[at][0]);
  if (Array.isArray(ids) && ids.length === sends.length && sends.every(fits)) return;
  const wanted = sends.map(({ length }) => length).join(", ");
  throw new BusError("store", `the store's append() must return ids for sends of ${wanted} rows, got ${given(ids)}`);
}
