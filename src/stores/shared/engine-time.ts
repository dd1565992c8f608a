import type { Clock } from "../../util/clock.ts";

/**
 * The engine's clock as last heard, carried on by the monotonic clock: this machine's wall clock plays no part in it. An answer
 * that was long under way bounds the engine's clock and changes nothing that lies within those bounds.
 */
export class EngineTime {
  readonly #clock: Clock;
  /** The engine's clock less the monotonic one, in ms. */
  #ahead: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The engine has said its time, in ms, in an answer that has just come. `asked` is `Clock.monotonic()` of the question. */
  heard(now: number, asked: number): void {
    const least = now - this.#clock.monotonic();
    const most = now - asked;
    this.#ahead = Math.min(Math.max(this.#ahead ?? least, least), most);
  }

  /** The engine has passed this time, in ms, as a stamp says. It moves what was heard on, and says nothing by itself. */
  passed(now: number): void {
    const least = now - this.#clock.monotonic();
    if (this.#ahead !== undefined && this.#ahead < least) this.#ahead = least;
  }

  /** In ms since 1970. This machine's clock until the engine has said anything. */
  now(): number {
    return this.#ahead === undefined ? this.#clock.now() : Math.floor(this.#clock.monotonic() + this.#ahead);
  }
}
