import type { Gap } from "../store.ts";

/** The most gaps that are remembered; older ones are folded into the log's beginning. */
const MOST_GAPS = 100_000;

/**
 * Which numbers are positions of this log. Ids come in runs: within one they are consecutive, and what lies between two
 * runs, or before the beginning, was never given out, so that a cursor found there comes from another life of the bus.
 */
export class Positions {
  #begin: number;
  #newest: number;
  readonly #gaps: Gap[];

  constructor(begin: number, newest: number, gaps: readonly Gap[]) {
    this.#begin = begin;
    this.#newest = newest;
    this.#gaps = [...gaps];
    this.#fold();
  }

  /** The newest committed id, else the beginning. */
  get newest(): number {
    return this.#newest;
  }

  moveTo(id: number): void {
    if (id > this.#newest) this.#newest = id;
  }

  began(gap: Gap): void {
    this.#gaps.push(gap);
    this.#fold();
  }

  /** True when this log, or one that it goes on from, has given out this cursor. Beyond the newest id nothing is. */
  has(last: number): boolean {
    if (last < this.#begin || last > this.#newest) return false;
    const gap = this.#gaps[this.#firstEndingAbove(last)];
    return gap === undefined || last <= gap.after;
  }

  /** The newest position before this id. */
  before(id: number): number {
    const gap = this.#gaps[this.#firstEndingAbove(id - 1)];
    return gap?.before === id ? gap.after : id - 1;
  }

  // A tenth at once, since taking the first of a long list costs its length.
  #fold(): void {
    if (this.#gaps.length <= MOST_GAPS) return;
    const folded = this.#gaps.splice(0, Math.max(MOST_GAPS / 10, this.#gaps.length - MOST_GAPS));
    this.#begin = folded.at(-1)!.before;
  }

  #firstEndingAbove(last: number): number {
    let low = 0;
    let high = this.#gaps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#gaps[middle]!.before > last) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
