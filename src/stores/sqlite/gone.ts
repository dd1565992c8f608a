import type { Hole, Row } from "../../store.ts";

/** The ids after `from`, up to `to`, that were given out: what lies in holes was not. */
export function given(from: number, to: number, holes: readonly Hole[]): number {
  let count = to - from;
  for (const { after, before } of holes) {
    const [low, high] = [Math.max(from, after), Math.min(to, before - 1)];
    if (high > low) count -= high - low;
  }
  return count;
}

/** The newest id after `from`, up to `to`, that was given out and is not among these ids, which ascend; `from` when all are. */
export function newestGone(from: number, to: number, holes: readonly Hole[], ids: readonly Pick<Row, "id">[]): number {
  let expected = to;
  let hole = holes.length - 1;
  let at = ids.length - 1;
  while (expected > from) {
    while (hole >= 0 && holes[hole]!.after >= expected) hole -= 1;
    if (hole >= 0 && holes[hole]!.before > expected) expected = holes[hole]!.after;
    if (expected <= from || (ids[at]?.id ?? 0) !== expected) return Math.max(expected, from);
    expected -= 1;
    at -= 1;
  }
  return from;
}
