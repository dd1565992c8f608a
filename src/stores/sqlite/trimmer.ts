import { type Clock, keepAlive, type Timer } from "../../clock.ts";
import type { Trimmed } from "../../store.ts";
import type { Tables } from "./tables.ts";
import type { Transactions } from "./transactions.ts";
import type { Trouble } from "./trouble.ts";

/** How long trimmed rows are gathered, in ms. */
const DELAY = 500;

/** Rows of one transaction: about a millisecond's work. */
const BATCH = 1_000;

export interface TrimmerOptions {
  readonly clock: Clock;
  readonly tables: Tables;
  readonly transactions: Transactions;
  readonly trouble: Trouble;
}

/** Deletes what the log has trimmed: later than the sends, in small batches, each together with its watermarks. */
export class Trimmer {
  readonly #options: TrimmerOptions;
  #ids: number[] = [];
  #keys: string[] = [];
  #forgotten: string[] = [];
  #floor = 0;
  #timer: Timer | undefined;

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

  /** Deletes everything that is left. Rejects with SQLite's error. */
  async finish(): Promise<void> {
    const { clock, transactions } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    while (this.#waits()) await transactions.patiently(() => this.#trimBatch());
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), delay);
    keepAlive(this.#timer, false);
  }

  #tick(): void {
    const { transactions, trouble } = this.#options;
    this.#timer = undefined;
    let delay = 0; // what is left waits for the next turn of the event loop, so that sends get between
    try {
      if (transactions.occupied) delay = DELAY;
      else this.#trimBatch();
      trouble.worked();
    } catch (error) {
      trouble.failed(error);
      delay = DELAY;
    }
    if (this.#waits()) this.#schedule(delay);
  }

  #waits(): boolean {
    return this.#ids.length > 0 || this.#forgotten.length > 0;
  }

  #trimBatch(): void {
    const { tables, transactions } = this.#options;
    const ids = this.#ids.slice(0, BATCH);
    const forgotten = this.#forgotten.slice(0, BATCH);
    transactions.write(() => {
      tables.trim(ids, this.#keys);
      if (forgotten.length > 0) tables.forget(forgotten, this.#floor);
    });
    this.#ids = this.#ids.slice(ids.length);
    this.#keys = this.#keys.slice(ids.length);
    this.#forgotten = this.#forgotten.slice(forgotten.length);
  }
}
