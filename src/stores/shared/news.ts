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

/** Whether these rows and holes are all that there is from `seen` to `last`, or some of it is gone. */
export function isComplete(seen: number, { last, holes, rows }: Pick<News, "last" | "holes" | "rows">): boolean {
  return seen + widthOf(holes) + rows.length === last;
}

/** The number of ids in holes. */
export function widthOf(holes: readonly Hole[]): number {
  return holes.reduce((sum, { after, before }) => sum + before - after - 1, 0);
}

/** True if the newest missing id lies beyond all that was trimmed, so that somebody else took its row away. */
export function isTaken({ last, floor, holes, rows, watermarks = [] }: News): boolean {
  let expected = last;
  let [row, hole] = [rows.length - 1, holes.length - 1];
  for (;;) {
    if (row >= 0 && rows[row]!.id === expected) {
      row -= 1;
      expected -= 1;
    } else if (hole >= 0 && holes[hole]!.before - 1 === expected) {
      expected = holes[hole]!.after;
      hole -= 1;
    } else break;
  }
  return watermarks.every(([, id]) => id < expected) && floor < expected;
}

/** Hands news over, in the order that a sink expects. */
export function handOver({ last, floor, holes, rows, watermarks }: News, sink: StoreSink): void {
  for (const hole of holes) sink.began(hole);
  if (watermarks !== undefined) sink.trimmed({ last, floor, watermarks });
  if (rows.length > 0) sink.commit(rows);
}
