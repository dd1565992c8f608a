import { asStoreError, BusError, given, notBegun } from "../errors.ts";
import type { Store, StoreSink, Trimmed } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { SingleFlight } from "../util/single-flight.ts";
import type { Meter } from "./meter.ts";

export interface StoreGuardOptions {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly store: Store;
  /** Is told of what nobody asked for. */
  readonly error: (error: Error) => void;
}

/**
 * The store behind a log: what it is asked goes through here, so that it is known whether it works, and how long it takes.
 * Whatever it throws, and however, becomes a `store` error of those who asked, and of nobody else.
 */
export class StoreGuard {
  readonly #options: StoreGuardOptions;
  readonly #syncs: SingleFlight;
  #isOpen = false;
  #isGood = false;
  /** True while the store's clock fails, of which `error` was told. */
  #isTimeless = false;

  constructor(options: StoreGuardOptions) {
    this.#options = options;
    this.#syncs = new SingleFlight(() => this.#sync());
  }

  /** Whether it works, as of when it was last used. */
  get isGood(): boolean {
    return this.#isGood;
  }

  /** The time by which rows age, in ms; undefined while the store's clock fails. Never throws. */
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
        this.failed(asStoreError(cause, "the store's now() must return a time in ms"));
      }
      return undefined;
    }
  }

  /** The lead of ids over the clock, in ms. */
  get lead(): number {
    return this.#options.store.lead?.() ?? 0;
  }

  /** Replays the log. Rejects with `store`, of which `error` is told as well. */
  async open(sink: StoreSink): Promise<void> {
    try {
      await this.#options.store.open(sink);
    } catch (thrown) {
      await null; // the bus is not made yet when a store throws at once
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
      meter.committed(sends, clock.monotonic() - start);
      return ids;
    } catch (thrown) {
      throw this.#failing(thrown);
    }
  };

  /** Resolves when all that was committed before the call has been handed over: one sync serves all who ask meanwhile. */
  sync(): Promise<void> {
    return this.#syncs.run();
  }

  /** Asks a store that failed when it was last used whether it works again. Never rejects. */
  async check(): Promise<void> {
    if (this.#isOpen && !this.#isGood) await this.#syncs.run().catch(() => {}); // it leaves its mark
  }

  /** It is told while readers are answered, and by a timer: neither may fail for it. */
  trim(trimmed: Trimmed): void {
    const failed = (cause: unknown): void => this.failed(asStoreError(cause, "the store's trim() failed"));
    try {
      this.#options.store.trim?.(trimmed)?.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** It failed in the background. */
  failed(error: Error): void {
    this.#isGood = false;
    this.#options.error(error);
  }

  /** Waits for the syncs, since polls wait for them, and closes the store. */
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

  /** Notes an error that somebody is told of. */
  #failing(thrown: unknown): BusError {
    const error = asStoreError(thrown);
    this.#isGood = false;
    this.#options.meter.failed(error);
    return error;
  }
}

/** Throws `store` unless a store has answered an id for each row, whose ids may then have been committed. */
function checkIds(ids: readonly (readonly number[])[], sends: readonly (readonly unknown[])[]): void {
  const fits = (send: readonly unknown[], at: number): boolean =>
    ids[at]?.length === send.length && Number.isSafeInteger(ids[at][0]);
  if (Array.isArray(ids) && ids.length === sends.length && sends.every(fits)) return;
  const wanted = sends.map(({ length }) => length).join(", ");
  throw new BusError("store", `the store's append() must return ids for sends of ${wanted} rows, got ${given(ids)}`);
}
