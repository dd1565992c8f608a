import { nextEpoch } from "./ids.ts";

/** A running timer. Node's timers can be told not to keep the process alive. */
export type Timer = unknown;

/** The source of all time in a bus. Tests give a bus another clock. */
export interface Clock {
  /** The wall clock, in ms since 1970. */
  now(): number;
  /** A clock that never goes back, in ms since any moment. Deadlines of polls use it. */
  monotonic(): number;
  /** The first id of a new epoch, larger at each call. Default: the wall clock since 2020, in quarters of a microsecond. */
  base(): number;
  /** Deadlines this close together, in ms, may fall due at the last of them. Default: 4. */
  readonly grain?: number;
  /** Calls back once, after `ms` milliseconds. Returns the timer. */
  setTimeout(callback: () => void, ms: number): Timer;
  /** Stops a timer of `setTimeout`. A timer that has fired is ignored. */
  clearTimeout(timer: Timer): void;
}

/** The longest delay of a Node timer, in ms. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The machine's clock. Each call looks up the global function, so that fake timers of a test runner work. `base()` lies
 * above every id that this process gave out, even if ids ran ahead of the clock.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  base: nextEpoch,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout), // `setTimeout` above returned it
};

/** Lets a timer keep the process alive or not, on platforms that know the difference. */
export function keepAlive(timer: Timer, alive: boolean): void {
  const handle = timer as { ref?(): void; unref?(): void };
  if (alive) handle.ref?.();
  else handle.unref?.();
}
