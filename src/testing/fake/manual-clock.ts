import type { Clock, Timer } from "../../util/clock.ts";
import { epochAt, IDS_PER_MS } from "../../util/ids.ts";

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it, so that tests of time neither sleep nor guess. */
export class ManualClock implements Clock {
  /** Deadlines of whole milliseconds fall due to the millisecond. */
  readonly grain: number = 1;
  #now: number;
  #passed = 0;
  #highest = 0;
  readonly #base: (() => number) | undefined;
  readonly #timers = new Set<Pending>();

  /**
   * Starts at this time, in ms since 1970. Epochs begin as by the machine's clock at that time, unless `base` states
   * their first ids. Two epochs of one moment are 4,000 ids apart.
   */
  constructor(now = 1_700_000_000_000, base?: () => number) {
    this.#now = now;
    this.#base = base;
  }

  now(): number {
    return Math.floor(this.#now);
  }

  monotonic(): number {
    return this.#passed;
  }

  base(): number {
    if (this.#base !== undefined) return this.#base();
    this.#highest = Math.max(this.#highest + IDS_PER_MS, epochAt(this.now()));
    return this.#highest;
  }

  /** Calls back when the clock has been moved on by `ms` milliseconds. Returns the timer. */
  setTimeout(callback: () => void, ms: number): Timer {
    const timer: Pending = { due: this.#passed + ms, callback };
    this.#timers.add(timer);
    return timer;
  }

  /** Stops a timer of `setTimeout`. */
  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Pending); // setTimeout above returned it
  }

  /** Sets the wall clock, as an administrator may. */
  set(now: number): void {
    this.#now = now;
  }

  /** Moves the clock on, and calls timers on the way at their time. */
  advance(ms: number): void {
    for (const _ of this.steps(ms));
  }

  /** Does the same with a pause after each call, in which its effects can happen. */
  *steps(ms: number): Generator<void, void> {
    const end = this.#passed + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(this.#passed, next.due));
      next.callback();
      yield;
    }
    this.#moveTo(Math.max(this.#passed, end));
  }

  #moveTo(passed: number): void {
    this.#now += passed - this.#passed;
    this.#passed = passed;
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }
}
