import { epochAt, IDS_PER_MS } from "../../util/ids.ts";

/** The longest lead, in ms. It is shorter than a process, or a thread, takes to end and to start again. */
const LONGEST_LEAD = 10;

// Captured on loading, since fake timers may stop the global ones, and a pause must end.
const { setTimeout } = globalThis;
const monotonic = performance.now.bind(performance);

/**
 * Keeps the ids of one life at most 10 ms ahead of the clock by which the next life begins. The next life could give out an id
 * again that is further ahead, and mistake its cursor. Monotonic time carries the clock on, so that no step of it makes a lead.
 */
export interface Pace {
  /** An epoch begins with this id, when the wall clock says so, in ms since 1970. */
  begin(first: number, wall: number): void;
  /** The lead of this id over the clock, in ms. */
  lead(id: number): number;
  /** Resolves when this id may be given out; undefined when it may be now. */
  slow(id: number): Promise<void> | undefined;
}

/** The pace of ids that no other life goes on from. */
export const noPace: Pace = { begin() {}, lead: () => 0, slow: () => undefined };

/** The pace of one life. */
export function makePace(): Pace {
  let origin = 0;
  let began = 0;
  /** No id up to here is too far ahead. */
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
      // An epoch that follows on another of this process may begin ahead; by more it is only where the clock was set back.
      const ahead = Math.min(Math.max(0, first - epochAt(wall)), LONGEST_LEAD * IDS_PER_MS);
      [origin, began, limit] = [first - ahead, monotonic(), 0];
    },
    lead: (id) => Math.max(0, (id - position()) / IDS_PER_MS),
    slow,
  };
}
