import type { Trimmed } from "../../store.ts";
import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import type { Outage } from "./outage.ts";
import { RETRY_FOR } from "./retry.ts";

/** How long trimmed rows are gathered, in ms. */
const DELAY = 500;

/** Rows of one batch: about a millisecond's work. */
const BATCH = 1_000;

/** How long is waited at the end when it is not the time, in ms. */
const PAUSE = 20;

export interface TrimmerOptions {
  readonly clock: Clock;
  /** Forgets a batch, and its watermarks with it. Answers false when it is not the time: what has to be left alone is tried later. */
  readonly trim: (batch: Trimmed) => Promise<boolean> | boolean;
  /** Retries work that fails in a way that may pass. */
  readonly retry: (work: () => Promise<boolean> | boolean) => Promise<boolean>;
  readonly outage: Outage;
}

/** Forgets what the log has trimmed: later than the sends, in small batches, each together with its watermarks. */
export class Trimmer {
  readonly #options: TrimmerOptions;
  #ids: number[] = [];
  #keys: string[] = [];
  #forgotten: string[] = [];
  #floor = 0;
  /** How many rows and channels are still to be forgotten in this go. */
  #due = 0;
  /** When it began, by the monotonic clock. */
  #began = 0;
  #timer: Timer | undefined;
  #trimming: Promise<void> | undefined;
  #finishing = false;

  constructor(options: TrimmerOptions) {
    this.#options = options;
  }

  add({ ids, keys, forgotten, floor }: Trimmed): void {
    for (const id of ids) this.#ids.push(id);
    for (const key of keys) this.#keys.push(key);
    for (const key of forgotten) this.#forgotten.push(key);
    this.#floor = Math.max(this.#floor, floor);
    this.#schedule(DELAY);
  }

  /** Forgets everything that is left. Rejects as `retry` does, and when it is not the time for five seconds. */
  async finish(): Promise<void> {
    const { clock, retry } = this.#options;
    this.#finishing = true;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    await this.#trimming;
    let deadline = clock.monotonic() + RETRY_FOR;
    while (this.#waits()) {
      if (await retry(() => this.#trimBatch())) {
        deadline = clock.monotonic() + RETRY_FOR;
        continue;
      }
      if (clock.monotonic() >= deadline) {
        throw new Error(`another process has been trimming for ${RETRY_FOR / 1000} s, or has stopped while it did`);
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, PAUSE));
    }
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#trimming !== undefined || this.#finishing) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#trimming = this.#tick();
    }, delay);
    keepAlive(this.#timer, false);
  }

  async #tick(): Promise<void> {
    const { outage, clock } = this.#options;
    if (this.#due === 0) {
      this.#due = this.#ids.length + this.#forgotten.length;
      this.#began = clock.monotonic();
    }
    let delay = DELAY;
    try {
      if (await this.#trimBatch()) delay = this.#rest();
      outage.end();
    } catch (error) {
      outage.begin(error);
    }
    this.#trimming = undefined;
    if (this.#waits()) this.#schedule(delay);
  }

  // What is left waits for the next turn of the event loop, so that sends get between. What has come since this go began is
  // gathered again: on a busy log each batch would else be of the few rows that came during the one before.
  #rest(): number {
    if (this.#due > 0) return 0;
    return Math.max(0, DELAY - (this.#options.clock.monotonic() - this.#began));
  }

  #waits(): boolean {
    return this.#ids.length > 0 || this.#forgotten.length > 0;
  }

  async #trimBatch(): Promise<boolean> {
    const ids = this.#ids.slice(0, BATCH);
    const keys = this.#keys.slice(0, BATCH);
    const forgotten = this.#forgotten.slice(0, BATCH);
    if (!(await this.#options.trim({ ids, keys, forgotten, floor: this.#floor }))) return false;
    this.#ids = this.#ids.slice(ids.length);
    this.#keys = this.#keys.slice(ids.length);
    this.#forgotten = this.#forgotten.slice(forgotten.length);
    this.#due = Math.max(0, this.#due - ids.length - forgotten.length);
    return true;
  }
}
