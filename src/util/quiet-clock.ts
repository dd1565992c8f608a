import { type Clock, keepAlive, type Timer } from "./clock.ts";

/** Returns the clock with timers that never keep the process alive. */
export function quietly(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    base: () => clock.base(),
    ...(clock.grain === undefined ? {} : { grain: clock.grain }),
    setTimeout(callback, ms) {
      const timer = clock.setTimeout(callback, ms);
      keepAlive(timer, false);
      return { timer }; // the wrapper has no `ref`, by which others would keep the process alive
    },
    clearTimeout: (wrapper) => clock.clearTimeout((wrapper as { readonly timer: Timer }).timer), // made above
  };
}
