import type { Clock } from "./clock.ts";
import { asStoreError, type BusError, notBegun } from "./errors.ts";
import type { Meter } from "./meter.ts";
import type { Store, StoreSink, Trimmed } from "./store.ts";
import { Syncs } from "./syncs.ts";

export interface BackingOptions {
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
export class Backing {
  readonly #options: BackingOptions;
  readonly #syncs: Syncs;
  #isOpen = false;
  #isGood = false;

  constructor(options: BackingOptions) {
    this.#options = options;
    this.#syncs = new Syncs(() => this.#sync());
  }

  /** Whether it works, as of when it was last used. */
  get isGood(): boolean {
    return this.#isGood;
  }

  /** Replays the log. Rejects with `store`, of which `error` is told as well. */
  async open(sink: StoreSink): Promise<void> {
    try {
      await this.#options.store.open(sink);
    } catch (thrown) {
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
    try {
      this.#options.store.trim?.(trimmed);
    } catch (thrown) {
      this.failed(asStoreError(thrown));
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
