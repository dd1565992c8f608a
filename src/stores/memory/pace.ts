import { epochAt, IDS_PER_MS } from "../../util/ids.ts";

/** The longest lead, in ms. A process, or a thread, takes longer to end and to start again. */
const LONGEST_LEAD = 10;

// The timers are captured on loading: fake timers may stop the global ones, and a pause must end.
const { setTimeout } = globalThis;
const monotonic = performance.now.bind(performance);

/**
 * Keeps the ids of an epoch at most 10 ms ahead of the clock. The next process begins its epoch by that clock: an id further
 * ahead could be given twice, and its cursor mistaken. Monotonic time carries the clock on, so that no step makes a lead.
 */
export interface Pace {
  /** Begins an epoch with this id. `wall` is the time of the wall clock, in ms since 1970. */
  begin(first: number, wall: number): void;
  /** The lead of this id over the clock, in ms. */
  lead(id: number): number;
  /** Resolves when this id may be given. Undefined if that is now. */
  slow(id: number): Promise<void> | undefined;
}

/** The pace of ids after which no other process begins: none at all. */
export const noPace: Pace = { begin() {}, lead: () => 0, slow: () => undefined };

/** The pace of one process. */
export function makePace(): Pace {
  let origin = 0;
  let began = 0;
  /** The largest id that is known to be in time. */
  let limit = 0;

  function position(): number {
    return origin + (monotonic() - began) * IDS_PER_MS;
  }

  function slow(id: number): Promise<void> | undefined {
    if (id <= limit) return undefined; // most sends read no clock
    limit = position() + LONGEST_LEAD * IDS_PER_MS;
    if (id <= limit) return undefined;
    const ms = Math.ceil((id - limit) / IDS_PER_MS);
    return new Promise<void>((resolve) => setTimeout(resolve, ms)).then(() => slow(id));
  }

  return {
    begin(first, wall) {
      // An epoch after another of this process may begin ahead. A larger distance means that the clock was set back.
      const ahead = Math.min(Math.max(0, first - epochAt(wall)), LONGEST_LEAD * IDS_PER_MS);
      [origin, began, limit] = [first - ahead, monotonic(), 0];
    },
    lead: (id) => Math.max(0, (id - position()) / IDS_PER_MS),
    slow,
  };
}
