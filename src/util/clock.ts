import { nextEpoch } from "./ids.ts";

/** A running timer: on Node it can be told not to keep the process alive. */
export type Timer = unknown;

/** The port through which all time comes. Give a bus another one to test what depends on time. */
export interface Clock {
  /** The wall clock, in ms since 1970. */
  now(): number;
  /** A clock that never goes back, in ms since any moment. Deadlines of polls are counted by it. */
  monotonic(): number;
  /** The first id of a new epoch: by default the wall clock in quarters of a microsecond since 2020, larger at each call. */
  base(): number;
  /** Deadlines this close together, in ms, may fall due together, at the last of them. Default: 4. */
  readonly grain?: number;
  setTimeout(callback: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The longest delay that a timer of Node can wait, in ms. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The machine's clock. The globals are looked up at each call, so that the fake timers of a test runner reach it.
 * `base()` lies above every id that this process has given out, also where those ran ahead of the clock.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  base: nextEpoch,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout), // it came from setTimeout above
};

/** Lets a timer keep the process alive, or not, where the platform knows the difference. */
export function keepAlive(timer: Timer, alive: boolean): void {
  const handle = timer as { ref?(): void; unref?(): void };
  if (alive) handle.ref?.();
  else handle.unref?.();
}
