import type { Hole, Row, StoreSink, Watermark } from "../../store.ts";

/** What was committed after an id. */
export interface News {
  readonly last: number;
  readonly floor: number;
  readonly holes: readonly Hole[];
  readonly rows: readonly Row[];
  /** Only where some of what was committed is gone already. */
  readonly watermarks: readonly Watermark[] | undefined;
}

/** The ids of a part of a log, each list in their order. */
export interface Ids {
  readonly last: number;
  readonly holes: readonly Hole[];
  readonly rows: readonly Pick<Row, "id">[];
}

/** Whether these rows and holes are all that there is from `seen` to `last`, or some of it is gone. */
export function isComplete(seen: number, { last, holes, rows }: Ids): boolean {
  return seen + widthOf(holes) + rows.length === last;
}

/** The number of ids in holes. */
export function widthOf(holes: readonly Hole[]): number {
  return holes.reduce((sum, { after, before }) => sum + before - after - 1, 0);
}

/** The number of ids after `from`, up to `to`, that were given out: those in holes were not. */
export function givenOut(from: number, to: number, holes: readonly Hole[]): number {
  const clipped = holes.map(({ after, before }) => ({
    after: Math.max(from, after),
    before: Math.min(to + 1, before),
  }));
  return to - from - widthOf(clipped.filter(({ after, before }) => before > after));
}

/** The newest id after `from`, up to `last`, that was given out and has no row; `from` when all have one. */
export function newestGone(from: number, { last, holes, rows }: Ids): number {
  let expected = last;
  let [row, hole] = [rows.length - 1, holes.length - 1];
  while (expected > from) {
    if (row >= 0 && rows[row]!.id === expected) {
      row -= 1;
      expected -= 1;
    } else if (hole >= 0 && holes[hole]!.before - 1 === expected) {
      expected = holes[hole]!.after;
      hole -= 1;
    } else return expected;
  }
  return from;
}

/** True if the newest missing id lies beyond all that was trimmed, so that somebody else took its row away. */
export function isTaken(news: News): boolean {
  return newestGone(0, news) > newestTrimmed(news);
}

/** The newest id that was trimmed, as far as is told. */
export function newestTrimmed({ floor, watermarks = [] }: Pick<News, "floor" | "watermarks">): number {
  return watermarks.reduce((newest, [, id]) => Math.max(newest, id), floor);
}

/** Hands news over, in the order that a sink expects. */
export function handOver({ last, floor, holes, rows, watermarks }: News, sink: StoreSink): void {
  for (const hole of holes) sink.began(hole);
  if (watermarks !== undefined) sink.trimmed({ last, floor, watermarks });
  if (rows.length > 0) sink.commit(rows);
}
