import type { Clock } from "../../util/clock.ts";

/**
 * The engine's clock as last observed, carried on by the monotonic clock. This machine's wall clock plays no part in it. A slow
 * answer only bounds the engine's clock, and changes nothing within these bounds.
 */
export class EngineTime {
  readonly #clock: Clock;
  /** The engine's clock minus the monotonic clock, in ms. */
  #ahead: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes in the engine's time, in ms, from an answer that has just come. `asked` is `Clock.monotonic()` at the question. */
  observe(now: number, asked: number): void {
    const least = now - this.#clock.monotonic();
    const most = now - asked;
    this.#ahead = Math.min(Math.max(this.#ahead ?? least, least), most);
  }

  /** Takes in a time, in ms, that the engine has passed. Without an observation before, the time is ignored. */
  advance(now: number): void {
    const least = now - this.#clock.monotonic();
    if (this.#ahead !== undefined && this.#ahead < least) this.#ahead = least;
  }

  /** The time in ms since 1970. Before the first observation it is this machine's. */
  now(): number {
    return this.#ahead === undefined ? this.#clock.now() : Math.floor(this.#clock.monotonic() + this.#ahead);
  }
}
