import type { Gap } from "../store.ts";
import { MOST_GAPS } from "../util/ids.ts";

/**
 * Knows which numbers are positions of this log. The ids of one epoch are consecutive. Ids in the gap between two
 * epochs, or before the beginning, were never given out: a cursor there comes from another log.
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

  /** The position before all ids of this log. */
  get begin(): number {
    return this.#begin;
  }

  /** The newest committed id, else the beginning. */
  get newest(): number {
    return this.#newest;
  }

  moveTo(id: number): void {
    if (id > this.#newest) this.#newest = id;
  }

  beginEpoch(gap: Gap): void {
    this.#gaps.push(gap);
    this.#fold();
  }

  /** Returns true if this log, or a log that it continues, gave out this cursor. No cursor lies beyond the newest id. */
  has(last: number): boolean {
    if (last < this.#begin || last > this.#newest) return false;
    const gap = this.#gaps[this.#firstEndingAbove(last)];
    return gap === undefined || last <= gap.after;
  }

  /** Returns the newest position before this id. */
  before(id: number): number {
    const gap = this.#gaps[this.#firstEndingAbove(id - 1)];
    return gap?.before === id ? gap.after : id - 1;
  }

  // A tenth goes at once, because removing the first of a long list costs its length.
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
