import type { Hole } from "../store.ts";

/** The most holes that are remembered; older ones are folded into the log's beginning. */
const MOST_HOLES = 100_000;

/**
 * Which numbers are positions of this log. Ids come in runs: within one they are consecutive, and what lies between two
 * runs, or before the beginning, was never given out, so that a cursor found there comes from another life of the bus.
 */
export class Positions {
  #begin: number;
  #newest: number;
  readonly #holes: Hole[];

  constructor(begin: number, newest: number, holes: readonly Hole[]) {
    this.#begin = begin;
    this.#newest = newest;
    this.#holes = [...holes];
    this.#fold();
  }

  /** The newest committed id, else the beginning. */
  get newest(): number {
    return this.#newest;
  }

  moveTo(id: number): void {
    if (id > this.#newest) this.#newest = id;
  }

  began(hole: Hole): void {
    this.#holes.push(hole);
    this.#fold();
  }

  /** True when this log, or one that it goes on from, has given out this cursor. Beyond the newest id nothing is. */
  has(last: number): boolean {
    if (last < this.#begin || last > this.#newest) return false;
    const hole = this.#holes[this.#firstEndingAbove(last)];
    return hole === undefined || last <= hole.after;
  }

  /** The newest position before this id. */
  before(id: number): number {
    const hole = this.#holes[this.#firstEndingAbove(id - 1)];
    return hole?.before === id ? hole.after : id - 1;
  }

  // A tenth at once, since taking the first of a long list costs its length.
  #fold(): void {
    if (this.#holes.length <= MOST_HOLES) return;
    const folded = this.#holes.splice(0, Math.max(MOST_HOLES / 10, this.#holes.length - MOST_HOLES));
    this.#begin = folded.at(-1)!.before;
  }

  #firstEndingAbove(last: number): number {
    let low = 0;
    let high = this.#holes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#holes[middle]!.before > last) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
