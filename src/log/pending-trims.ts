import type { Trimmed } from "../store.ts";

/** Counts what a log has trimmed, and gathers it until its store is told, if that wants to be. */
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

  /** A row was dropped. */
  dropped(id: number, key: string): void {
    this.#count += 1;
    if (!this.#isWanted) return;
    this.#ids.push(id);
    this.#keys.push(key);
  }

  /** Channels were folded into the floor. */
  forgot(keys: readonly string[], floor: number): void {
    if (!this.#isWanted) return;
    for (const key of keys) this.#forgotten.push(key); // too many to be arguments
    this.#floor = floor;
  }

  /** Everything since the last call; undefined if it is nothing. */
  take(): Trimmed | undefined {
    if (this.#ids.length === 0 && this.#forgotten.length === 0) return undefined;
    const trimmed = { ids: this.#ids, keys: this.#keys, forgotten: this.#forgotten, floor: this.#floor };
    this.#ids = [];
    this.#keys = [];
    this.#forgotten = [];
    return trimmed;
  }
}
