import type { PendingRow, Row, Store, StoreSink } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { noteGivenOut } from "../util/ids.ts";
import { makePace, type Pace } from "./memory/pace.ts";

/** The store of a bus that was given none: a counter. Nothing outlives the process, and nobody else commits. */
export function memory({ begin, lead, slow }: Pace = makePace()): Store {
  let sink: StoreSink;
  let last = 0;
  let at = 0;
  let hasEpoch = false;

  function beginEpoch(clock: Clock): void {
    const before = Math.max(last + 1, clock.base());
    if (before > last + 1) sink.beginEpoch({ after: last, before });
    last = before - 1;
    hasEpoch = true;
    begin(before, clock.now());
  }

  function commit(send: readonly PendingRow[], rows: Row[]): number[] {
    const first = last + 1;
    const ids: number[] = [];
    for (const { key, json } of send) {
      last += 1;
      ids.push(last);
      rows.push({ id: last, key, json, at, send: first });
    }
    return ids;
  }

  return {
    maxRows: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    async open(given) {
      sink = given;
      last = sink.clock.base();
      sink.reset({ begin: last, last, gaps: [], watermarks: [], floor: 0 });
    },
    async append(sends) {
      if (!hasEpoch) beginEpoch(sink.clock);
      at = Math.max(at, sink.time());
      const rows: Row[] = [];
      const ids = sends.map((send) => commit(send, rows));
      noteGivenOut(last);
      const slowed = slow(last);
      if (slowed !== undefined) await slowed; // nobody has seen these ids yet
      sink.commit(rows);
      return ids;
    },
    async sync() {},
    lead: () => (hasEpoch ? lead(last) : 0),
    async close() {},
  };
}
