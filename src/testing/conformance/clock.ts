import type { Clock, Timer } from "../../clock.ts";

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to move on, so that tests of time neither sleep nor guess. */
export class ManualClock implements Clock {
  #now: number;
  #passed = 0;
  #base = 0;
  readonly #timers = new Set<Pending>();

  /** Starts at this time, in ms since 1970. */
  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return Math.floor(this.#now);
  }

  monotonic(): number {
    return this.#passed;
  }

  base(): number {
    this.#base = Math.max(this.#base + 1, this.now() * 1000);
    return this.#base;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer: Pending = { due: this.#passed + ms, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Pending); // it came from setTimeout above
  }

  /** Sets the wall clock, as an administrator may. */
  set(now: number): void {
    this.#now = now;
  }

  /** Moves on by so many ms, calling what falls due on the way at its time. */
  advance(ms: number): void {
    const end = this.#passed + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(this.#passed, next.due));
      next.callback();
    }
    this.#moveTo(end);
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
