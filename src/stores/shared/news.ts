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
  const never = holes.reduce((sum, hole) => sum + hole.before - hole.after - 1, 0);
  return seen + never + rows.length === last;
}

/** Hands news over, in the order that a sink expects. */
export function handOver({ last, floor, holes, rows, watermarks }: News, sink: StoreSink): void {
  for (const hole of holes) sink.began(hole);
  if (watermarks !== undefined) sink.trimmed({ last, floor, watermarks });
  if (rows.length > 0) sink.commit(rows);
}
