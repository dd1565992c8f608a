import type { Trimmed } from "../store.ts";

/** Counts the rows that a log trims, and gathers their ids if a store has to forget them. */
export class PendingTrims {
  readonly #isWanted: boolean;
  #count = 0;
  #ids: number[] = [];
  #keys: string[] = [];
  #forgotten: string[] = [];
  #floor = 0;

  constructor(isWanted: boolean) {
    this.#isWanted = isWanted;
  }

  /** The number of rows that were dropped in all. */
  get count(): number {
    return this.#count;
  }

  /** Notes that a row was dropped. */
  dropped(id: number, key: string): void {
    this.#count += 1;
    if (!this.#isWanted) return;
    this.#ids.push(id);
    this.#keys.push(key);
  }

  /** Notes that channels were folded into the floor. */
  forgot(keys: readonly string[], floor: number): void {
    if (!this.#isWanted) return;
    for (const key of keys) this.#forgotten.push(key); // the list may be too long to spread into arguments
    this.#floor = floor;
  }

  /** Returns everything since the last call; undefined if there is nothing. */
  take(): Trimmed | undefined {
    if (this.#ids.length === 0 && this.#forgotten.length === 0) return undefined;
    const trimmed = { ids: this.#ids, keys: this.#keys, forgotten: this.#forgotten, floor: this.#floor };
    this.#ids = [];
    this.#keys = [];
    this.#forgotten = [];
    return trimmed;
  }
}
