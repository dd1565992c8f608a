/** The clocks of a log. */
export interface LogTimeOptions {
  /**
   * Returns the clock by which rows age, in ms: the engine's, else the wall clock. The clock may step. Undefined if it
   * fails.
   */
  readonly read: () => number | undefined;
  /** Returns a clock that never steps, in ms since any moment. */
  readonly monotonic: () => number;
}

/**
 * The time by which rows age. Between two looks it moves on by at most the monotonic time that passed, and it never
 * goes back. A step of the clock, forward or back, never shortens the life of a row.
 */
export class LogTime {
  readonly #options: LogTimeOptions;
  #time = 0;
  /** The monotonic time of the last look; undefined before the first look at this log. */
  #looked: number | undefined;
  #newestAt = 0;
  /** The time of the newest row at the first look. Undefined once the clock has reached that row. */
  #begunAt: number | undefined;

  constructor(options: LogTimeOptions) {
    this.#options = options;
  }

  /** Returns the time, in ms. */
  now(): number {
    const { read, monotonic } = this.#options;
    const [reading, looked] = [read(), monotonic()];
    if (this.#looked === undefined) {
      this.#time = reading ?? this.#newestAt;
      this.#begunAt = this.#newestAt;
    } else {
      const latest = this.#time + looked - this.#looked;
      this.#time = Math.max(this.#time, Math.min(reading ?? latest, latest));
    }
    this.#catchUp(reading);
    this.#looked = looked;
    return this.#time;
  }

  // The clock of a machine may be far behind at its start. Once the clock reaches the newest row, that row was not stamped ahead, and
  // the log is at least as old. Rows that came meanwhile have the time of that row, so that no younger one may be trimmed.
  #catchUp(reading: number | undefined): void {
    const begunAt = this.#begunAt;
    if (begunAt === undefined || reading === undefined || reading < begunAt) return;
    this.#time = Math.max(this.#time, begunAt);
    this.#begunAt = undefined;
  }

  /** Notes the time of a row. The newest one stands in for a clock that fails at the first look. */
  observe(at: number): void {
    if (at > this.#newestAt) this.#newestAt = at;
  }

  /** Forgets the log that was open, so that the next look is a first one. */
  restart(): void {
    this.#looked = undefined;
    this.#newestAt = 0;
  }
}
