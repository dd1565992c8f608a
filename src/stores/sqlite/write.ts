import type { Clock } from "../../util/clock.ts";
import { noteGivenOut } from "../../util/ids.ts";
import { giveIds, type Ids, type Sends } from "../shared/given-ids.ts";
import type { News } from "../shared/news.ts";
import type { Tables } from "./tables.ts";

/** The process that commits. */
export interface Writer {
  readonly clock: Clock;
  /** The time by which rows age, in ms. */
  readonly time: () => number;
  /** The first id of its epoch, perhaps from a transaction that was rolled back. Undefined before it has begun one. */
  readonly epoch: number | undefined;
  /** The newest id that it has handed over. */
  readonly seen: number;
}

/** The rows that a write added. */
export interface Written {
  readonly ours: News;
  readonly ids: Ids;
  /** The first id of the epoch of these ids, as far as this process knows. */
  readonly epoch: number;
}

/** Writes sends, each whole. Inside a transaction that writes. */
export function write(tables: Tables, writer: Writer, sends: Sends): Written {
  const { clock, time, epoch, seen } = writer;
  const { last, floor, ...meta } = tables.meta();
  const at = Math.max(meta.at, time());
  // A file that was restored from an older copy lacks ids that were handed over, and none of them is given again. After a
  // rollback the file's newest id lies below the epoch, unless another process has begun an epoch since.
  const goesOn = epoch !== undefined && last >= Math.max(epoch, seen);
  const first = goesOn ? last + 1 : Math.max(last + 1, seen + 1, clock.base());
  const gaps = first > last + 1 ? [{ after: last, before: first }] : [];
  for (const gap of gaps) tables.beginEpoch(gap);
  const { ids, rows, last: newest } = giveIds(sends, { first, at });
  for (const row of rows) tables.insert(row);
  tables.setLast(newest, at);
  noteGivenOut(newest);
  return { ids, epoch: goesOn ? epoch : first, ours: { last: newest, floor, gaps, rows, watermarks: undefined } };
}
