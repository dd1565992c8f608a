import { processWide } from "./process-wide.ts";

/** The ids of an epoch's clock in one millisecond. No process gives out as many on average: at most 3,600 were measured. */
export const IDS_PER_MS = 4_000;

/** The most gaps between epochs that a log remembers. Older ones are folded into its beginning. */
export const MOST_GAPS = 100_000;

const SINCE = Date.UTC(2020, 0, 1);

// Two copies of nightbus must not give out one id twice.
const given = processWide("ids", () => ({ highest: 0 }));

/**
 * Returns the first id of an epoch that begins at this wall-clock time, in ms since 1970. Ids stay safe integers until
 * 2091.
 */
export function epochAt(now: number): number {
  return (now - SINCE) * IDS_PER_MS;
}

/** Returns the first id of an epoch that begins now. The id is larger than each id that this process gave out. */
export function nextEpoch(): number {
  given.highest = Math.max(given.highest + 1, epochAt(Date.now()));
  return given.highest;
}

/** Notes an id that was given out. Every later epoch begins above it. */
export function noteGivenOut(id: number): void {
  if (id > given.highest) given.highest = id;
}
