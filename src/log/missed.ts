import type { Query } from "./query.ts";

/** A reader from 0 reads from the oldest row, and so misses nothing. */
export function canMiss(last: number): boolean {
  return last > 0;
}

/** Decides if a reader misses rows of a channel whose newest trimmed id is `watermark`: rows after `from` were trimmed. */
export function misses(hearsMissed: boolean, from: number, watermark: number): boolean {
  return hearsMissed && watermark > from;
}

/**
 * Decides if a query misses rows of a channel. Its reader may know of trims already. A query also misses rows if its `last` is no
 * position of the log, which `Positions` knows.
 */
export function missesRows({ last, known }: Query, from: number, key: string, watermark: number): boolean {
  return misses(canMiss(last), Math.max(from, known?.get(key) ?? 0), watermark);
}
