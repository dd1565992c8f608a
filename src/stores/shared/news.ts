import type { Gap, Row, StoreSink, Watermark } from "../../store.ts";

/** What was committed after an id. */
export interface News {
  readonly last: number;
  readonly floor: number;
  readonly gaps: readonly Gap[];
  readonly rows: readonly Row[];
  /** Only where some of what was committed is gone already. */
  readonly watermarks: readonly Watermark[] | undefined;
}

/** The ids of a part of a log, each list in their order. */
export interface Ids {
  readonly last: number;
  readonly gaps: readonly Gap[];
  readonly rows: readonly Pick<Row, "id">[];
}

/** Whether these rows and gaps are all that there is from `seen` to `last`, or some of it is gone. */
export function isComplete(seen: number, { last, gaps, rows }: Ids): boolean {
  return seen + widthOf(gaps) + rows.length === last;
}

/** The number of ids in gaps. */
export function widthOf(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { after, before }) => sum + before - after - 1, 0);
}

/** The number of ids after `from`, up to `to`, that were given out: those in gaps were not. */
export function givenOut(from: number, to: number, gaps: readonly Gap[]): number {
  const clipped = gaps.map(({ after, before }) => ({
    after: Math.max(from, after),
    before: Math.min(to + 1, before),
  }));
  return to - from - widthOf(clipped.filter(({ after, before }) => before > after));
}

/** The newest id after `from`, up to `last`, that was given out and has no row; `from` when all have one. */
export function newestGone(from: number, { last, gaps, rows }: Ids): number {
  let expected = last;
  let [row, gap] = [rows.length - 1, gaps.length - 1];
  while (expected > from) {
    if (row >= 0 && rows[row]!.id === expected) {
      row -= 1;
      expected -= 1;
    } else if (gap >= 0 && gaps[gap]!.before - 1 === expected) {
      expected = gaps[gap]!.after;
      gap -= 1;
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
export function handOver({ last, floor, gaps, rows, watermarks }: News, sink: StoreSink): void {
  for (const gap of gaps) sink.beginEpoch(gap);
  if (watermarks !== undefined) sink.forget({ last, floor, watermarks });
  if (rows.length > 0) sink.commit(rows);
}
