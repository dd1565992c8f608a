import { type Clock, gaveOut } from "../../clock.ts";
import type { PendingRow, Row } from "../../store.ts";
import type { News } from "../shared/news.ts";
import type { Tables } from "./tables.ts";

/** Who commits: whether this process has begun its run of ids, and the newest id that it has seen. */
export interface Writer {
  readonly clock: Clock;
  readonly running: boolean;
  readonly seen: number;
}

/** What a commit wrote. */
export interface Commit {
  readonly ours: News;
  readonly ids: readonly (readonly number[])[];
}

/** Writes sends, each whole. Inside a transaction that writes. */
export function commit(tables: Tables, writer: Writer, sends: readonly (readonly PendingRow[])[]): Commit {
  const { clock, running, seen } = writer;
  const { last, floor, ...meta } = tables.meta();
  const at = Math.max(meta.at, clock.now());
  // A file that was restored from an older copy knows less than what was handed over, whose ids are not given out again.
  const goesOn = running && last >= seen;
  const first = goesOn ? last + 1 : Math.max(last + 1, seen + 1, clock.base());
  const holes = first > last + 1 ? [{ after: last, before: first }] : [];
  for (const hole of holes) tables.beginRun(hole);
  const rows: Row[] = [];
  const ids = sends.map((send) => {
    const inserted = tables.insert(send, first + rows.length, at);
    for (const row of inserted) rows.push(row);
    return inserted.map((row) => row.id);
  });
  const newest = first + rows.length - 1;
  tables.setLast(newest, at);
  gaveOut(newest);
  return { ids, ours: { last: newest, floor, holes, rows, watermarks: undefined } };
}
