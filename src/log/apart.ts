import type { Limits } from "./retention.ts";

/** The limits of a channel that is nightbus's own: ten minutes and 1,000 rows. */
export const APART_LIMITS: Limits = { age: 10 * 60_000, count: 1_000 };

/** The most rows of all these channels together. */
const MOST_ROWS = 50_000;

/** The most text of all these channels together, in UTF-16 units. */
const MOST_UNITS = 2 ** 25;

/** The share that remains after an eviction. Several rows go at once, because finding the oldest takes a scan. */
const KEPT = 0.9;

/** Counts the rows of nightbus's own channels, which the application's `total` and `bytes` leave out. */
export class Apart {
  /** Returns true for the key of such a channel. */
  readonly fits: (key: string) => boolean;
  #rows = 0;
  #units = 0;
  /** The id of the application's newest send. */
  #newestSend = 0;

  constructor(fits: (key: string) => boolean) {
    this.fits = fits;
  }

  get rows(): number {
    return this.#rows;
  }

  /** The text of the rows and their channels, in UTF-16 units. */
  get units(): number {
    return this.#units;
  }

  get newestSend(): number {
    return this.#newestSend;
  }

  /** True if the rows exceed their own bounds. */
  get isFull(): boolean {
    return this.#rows > MOST_ROWS || this.#units > MOST_UNITS;
  }

  /** True after an eviction that has freed enough. */
  get isRoomy(): boolean {
    return this.#rows <= MOST_ROWS * KEPT && this.#units <= MOST_UNITS * KEPT;
  }

  /** Counts a row of an own channel. */
  added(units: number): void {
    this.#rows += 1;
    this.#units += units;
  }

  /** Notes a send of the application. */
  observe(send: number): void {
    this.#newestSend = send;
  }

  /** Uncounts a row that was dropped. */
  dropped(units: number): void {
    this.#rows -= 1;
    this.#units -= units;
  }

  /** Forgets all rows. */
  clear(): void {
    this.#rows = 0;
    this.#units = 0;
    this.#newestSend = 0;
  }
}
