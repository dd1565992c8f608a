import { IDS_PER_MS } from "./clock.ts";

/** The lead, in ms, above which sends pause. */
const LONGEST_LEAD = 50;

// Captured on loading, since fake timers may stop the global ones, and a pause must end.
const { setTimeout } = globalThis;
const monotonic = performance.now.bind(performance);

/**
 * Keeps ids behind the clock by which the next life would begin. Each id that is given out adds to the lead; the time that
 * passes takes it away.
 */
export interface Pace {
  /** The ids that were given out beyond what the clock has counted since, in ms of that clock. */
  lead(): number;
  /** Notes ids that were given out. */
  add(ids: number): void;
  /** Resolves when the lead is at most 50 ms; undefined when it is so already. */
  slow(): Promise<void> | undefined;
}

/** The pace of all buses without a store in this thread, since they share one clock of epochs. */
export const pace: Pace = makePace();

/** The pace of ids that no other life goes on from. */
export const noPace: Pace = { lead: () => 0, add() {}, slow: () => undefined };

/** A pace of its own. Time is read from the machine, also under fake timers: a pause must end. */
export function makePace(): Pace {
  let ahead = 0;
  let seen = monotonic();

  function lead(): number {
    const now = monotonic();
    ahead = Math.max(0, ahead - (now - seen) * IDS_PER_MS);
    seen = now;
    return ahead / IDS_PER_MS;
  }

  function slow(): Promise<void> | undefined {
    // A sum below the bound needs no look at the time: most sends stop here.
    const over = ahead <= LONGEST_LEAD * IDS_PER_MS ? 0 : lead() - LONGEST_LEAD;
    if (over <= 0) return undefined;
    return new Promise<void>((resolve) => setTimeout(resolve, Math.ceil(over))).then(slow);
  }

  return {
    lead,
    add(ids) {
      ahead += ids;
    },
    slow,
  };
}
