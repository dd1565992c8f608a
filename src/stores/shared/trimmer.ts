import type { Trimmed } from "../../store.ts";
import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import type { Outage } from "./outage.ts";
import { RETRY_FOR } from "./retry.ts";

/** The time for which trims are gathered, in ms. */
const DELAY = 500;

/** The rows of one portion, about a millisecond's work. */
const PORTION = 1_000;

/** The pause at the end while another process trims, in ms. */
const PAUSE = 20;

/** The engine's part of trimming. */
export interface TrimmerOptions {
  readonly clock: Clock;
  /** Deletes a portion of rows and writes its watermarks. False if the portion has to wait, as while another process trims. */
  readonly trim: (portion: Trimmed) => Promise<boolean> | boolean;
  /** Retries work whose failure may pass. */
  readonly retry: (work: () => Promise<boolean> | boolean) => Promise<boolean>;
  readonly outage: Outage;
}

/** Deletes the rows that the log trims, in small portions between the sends. Each portion carries its watermarks. */
export class Trimmer {
  readonly #options: TrimmerOptions;
  #ids: number[] = [];
  #keys: string[] = [];
  #forgotten: string[] = [];
  #floor = 0;
  /** The rows and channels that this round still has to delete. */
  #due = 0;
  /** The monotonic time at which the round began. */
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

  /** Deletes the rest. Rejects as `retry` does, and if a portion has to wait for five seconds. */
  async finish(): Promise<void> {
    const { clock, retry } = this.#options;
    this.#finishing = true;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    await this.#trimming;
    let deadline = clock.monotonic() + RETRY_FOR;
    while (this.#waits()) {
      if (await retry(() => this.#trimPortion())) {
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
      if (await this.#trimPortion()) delay = this.#rest();
      outage.end();
    } catch (error) {
      outage.begin(error);
    }
    this.#trimming = undefined;
    if (this.#waits()) this.#schedule(delay);
  }

  // The rest of a round waits for the next turn of the event loop, so that sends get between. Later trims are gathered for
  // another round, since on a busy log each portion would otherwise hold only a few rows.
  #rest(): number {
    if (this.#due > 0) return 0;
    return Math.max(0, DELAY - (this.#options.clock.monotonic() - this.#began));
  }

  #waits(): boolean {
    return this.#ids.length > 0 || this.#forgotten.length > 0;
  }

  async #trimPortion(): Promise<boolean> {
    const ids = this.#ids.slice(0, PORTION);
    const keys = this.#keys.slice(0, PORTION);
    const forgotten = this.#forgotten.slice(0, PORTION);
    if (!(await this.#options.trim({ ids, keys, forgotten, floor: this.#floor }))) return false;
    this.#ids = this.#ids.slice(ids.length);
    this.#keys = this.#keys.slice(ids.length);
    this.#forgotten = this.#forgotten.slice(forgotten.length);
    this.#due = Math.max(0, this.#due - ids.length - forgotten.length);
    return true;
  }
}
