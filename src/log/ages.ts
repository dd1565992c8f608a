import { channelOf } from "../notification.ts";
import { type CheckedRetention, type Limits, limitsOf } from "./retention.ts";

export interface AgesOptions {
  /** The clock by which rows age, in ms. */
  readonly now: () => number;
  readonly retention: CheckedRetention;
  readonly error: (error: Error) => void;
}

/** How old the rows of each channel may grow, and what time it is for them. */
export class Ages {
  readonly #options: AgesOptions;
  #shortest: number;
  #newestAt = 0;

  constructor(options: AgesOptions) {
    this.#options = options;
    this.#shortest = options.retention.age;
  }

  /** The shortest age of any channel so far, in ms. */
  get shortest(): number {
    return this.#shortest;
  }

  /** The time, in ms. A clock that was set back does not make the newest row come from the future. */
  now(): number {
    return Math.max(this.#options.now(), this.#newestAt);
  }

  /** A row of this time has come. */
  came(at: number): void {
    if (at > this.#newestAt) this.#newestAt = at;
  }

  /** All rows are gone. */
  clear(): void {
    this.#newestAt = 0;
  }

  /** What is retained of the channel of this key. */
  limitsOf(key: string): Limits {
    const { retention, error } = this.#options;
    const limits = limitsOf(retention, () => channelOf(key), error);
    if (limits.age < this.#shortest) this.#shortest = limits.age;
    return limits;
  }
}
