import type { Gap, Row, StoreSink, Watermark } from "../../store.ts";

/** The commits after an id. */
export interface News {
  readonly last: number;
  readonly floor: number;
  readonly gaps: readonly Gap[];
  readonly rows: readonly Row[];
  /** The watermarks, if some of the rows are gone already. */
  readonly watermarks: readonly Watermark[] | undefined;
}

/** The part of a log up to `last`, each list in order. */
export interface Span {
  readonly last: number;
  readonly gaps: readonly Gap[];
  readonly rows: readonly Pick<Row, "id">[];
}

/** True if rows and gaps account for each id after `seen`, up to `last`. */
export function isComplete(seen: number, { last, gaps, rows }: Span): boolean {
  return seen + widthOf(gaps) + rows.length === last;
}

/** The number of ids in these gaps. */
export function widthOf(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { after, before }) => sum + before - after - 1, 0);
}

/** The number of ids after `from`, up to `to`, that no gap covers. */
export function givenOut(from: number, to: number, gaps: readonly Gap[]): number {
  const clipped = gaps.map(({ after, before }) => ({
    after: Math.max(from, after),
    before: Math.min(to + 1, before),
  }));
  return to - from - widthOf(clipped.filter(({ after, before }) => before > after));
}

/** The newest id after `from`, up to `last`, that has neither a row nor a gap. Returns `from` if there is none. */
export function newestGone(from: number, { last, gaps, rows }: Span): number {
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

/** True if another program removed the newest missing row: its id lies above all trims. Another program has then removed its row. */
export function isStolen(news: News): boolean {
  return newestGone(0, news) > newestTrimmed(news);
}

/** The newest trimmed id that these news name. */
export function newestTrimmed({ floor, watermarks = [] }: Pick<News, "floor" | "watermarks">): number {
  return watermarks.reduce((newest, [, id]) => Math.max(newest, id), floor);
}

/** Hands news over in the order that a sink expects. */
export function handOver({ last, floor, gaps, rows, watermarks }: News, sink: StoreSink): void {
  for (const gap of gaps) sink.beginEpoch(gap);
  if (watermarks !== undefined) sink.noteTrims({ last, floor, watermarks });
  if (rows.length > 0) sink.add(rows);
}
