import type { Clock } from "../util/clock.ts";
import { callbacks } from "../util/signals.ts";

/** Resolves after `ms` ms by this clock, or at an abort of the signal. Never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clock.clearTimeout(timer);
      callbacks.remove(signal, wake);
      resolve();
    };
    const timer = clock.setTimeout(wake, ms);
    callbacks.add(signal, wake);
  });
}

/** The pauses between attempts, in ms. */
const FIRST = 100;
const LONGEST = 30_000;

/** Returns the pause after this attempt, counted from 1, in ms. Each is twice as long as the one before. */
export function pauseAfter(attempt: number): number {
  return Math.min(LONGEST, FIRST * 2 ** (attempt - 1));
}
