import type { Query } from "./query.ts";

/** A reader from 0 reads from the oldest row, and so misses nothing. */
export function canMiss(last: number): boolean {
  return last > 0;
}

/**
 * Decides if a read missed rows of a channel: rows after `from` were trimmed, and the reader does not know of it. A read
 * also misses rows if `last` is no position of the log, which `Positions` knows.
 */
export function missedRows({ last, known }: Query, from: number, key: string, watermark: number): boolean {
  return canMiss(last) && watermark > Math.max(from, known?.get(key) ?? 0);
}
