import type { LogChannel } from "./channel.ts";
import type { CheckedRetention } from "./retention.ts";
import { NONE, type Ring } from "./ring.ts";

/** The distance of a reader from the newest rows. */
export interface Lag {
  /** The retained rows of its channels after its position. */
  readonly behind: number;
  /** The share of the retention that these rows use, from 0 to 1. At 1 the log has trimmed rows, or does so next. */
  readonly edge: number;
}

/** The position of a reader, and the log around it. */
export interface LagQuery<W> {
  readonly channels: readonly LogChannel<W>[];
  readonly last: number;
  /** The time by which rows age, in ms. */
  readonly now: number;
  readonly retention: CheckedRetention;
  /** The rows that count in the retention, and their text in UTF-16 units. */
  readonly counted: { readonly rows: number; readonly units: number };
}

/** Measures how far a reader is behind, and how near to the edge of the retention. Costs as much as the rows behind. */
export function lagOf<W>(ring: Ring<LogChannel<W>>, { channels, last, now, retention, counted }: LagQuery<W>): Lag {
  let behind = 0;
  let edge = 0;
  for (const channel of channels) {
    const { rows, oldestAt } = after(ring, channel, last);
    if (rows === 0) continue;
    behind += rows;
    edge = Math.max(edge, share(rows, channel.limits.count), share(now - oldestAt, channel.limits.age));
  }
  if (behind === 0) return { behind, edge };
  const rows = Math.min(ring.span - ring.placeAfter(last), counted.rows); // some places after `last` may be hollow
  const units = (counted.units * rows) / Math.max(1, counted.rows); // as if all rows were of one size
  return { behind, edge: Math.min(1, Math.max(edge, share(rows, retention.total), share(units, retention.bytes))) };
}

function share(used: number, bound: number): number {
  return bound > 0 ? used / bound : 1;
}

function after<W>(ring: Ring<LogChannel<W>>, channel: LogChannel<W>, last: number): { rows: number; oldestAt: number } {
  let rows = 0;
  let oldestAt = 0;
  for (let slot = channel.size === 0 ? NONE : channel.newest; slot !== NONE && ring.idIn(slot) > last; rows += 1) {
    oldestAt = ring.timeIn(slot);
    slot = ring.olderThan(slot);
  }
  return { rows, oldestAt };
}
