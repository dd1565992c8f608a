import type { Trimmed } from "../store.ts";

/** Gathers what a log has trimmed until its store is told. */
export class Trimmings {
  #ids: number[] = [];
  #keys: string[] = [];
  #forgotten: string[] = [];
  #floor = 0;

  /** A row was dropped. */
  dropped(id: number, key: string): void {
    this.#ids.push(id);
    this.#keys.push(key);
  }

  /** Channels were folded into the floor. */
  forgot(keys: readonly string[], floor: number): void {
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
