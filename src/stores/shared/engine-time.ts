import type { Clock } from "../../clock.ts";

/** The clock of an engine, as far as its answers tell: they may be late by their way to us. */
export class EngineTime {
  readonly #clock: Clock;
  #ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The engine has just said what time it is, in ms. */
  heard(now: number): void {
    this.#ahead = now - this.#clock.now();
  }

  now(): number {
    return this.#clock.now() + this.#ahead;
  }
}
