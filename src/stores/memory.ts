import type { Store, StoreSink } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { noteGivenOut } from "../util/ids.ts";
import { makePace, type Pace } from "./memory/pace.ts";
import { memoryPositions } from "./memory/positions.ts";
import { giveIds, type Ids, type Sends } from "./shared/given-ids.ts";
import { KeyLedger } from "./shared/key-ledger.ts";
import { planOf } from "./shared/key-plan.ts";

/** The store of a bus that was given none: a counter. Nothing outlives the process, and no other process commits. */
export function memory({ begin, lead, slow }: Pace = makePace()): Store {
  let sink: StoreSink;
  let last = 0;
  let at = 0;
  let hasEpoch = false;
  let ledger: KeyLedger;

  function beginEpoch(clock: Clock): void {
    const before = Math.max(last + 1, clock.base());
    if (before > last + 1) sink.beginEpoch({ after: last, before });
    last = before - 1;
    hasEpoch = true;
    begin(before, clock.now());
  }

  async function append(sends: Sends): Promise<Ids> {
    if (!hasEpoch) beginEpoch(sink.clock);
    at = Math.max(at, sink.time());
    const { ids, rows, last: newest } = giveIds(sends, { first: last + 1, at });
    last = newest;
    noteGivenOut(last);
    const slowed = slow(last);
    if (slowed !== undefined) await slowed; // no reader has seen these ids yet
    sink.add(rows);
    return ids;
  }

  return {
    maxRows: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    async open(given) {
      sink = given;
      ledger = new KeyLedger(
        () => sink.clock.monotonic(),
        (error) => sink.error(error),
      );
      last = sink.clock.base();
      sink.reset({ begin: last, last, gaps: [], watermarks: [], floor: 0 });
    },
    append,
    async appendKeyed(sends, bounds) {
      const plan = planOf(sends, (name) => ledger.find(name, bounds));
      const ids = plan.fresh.length === 0 ? [] : await append(plan.fresh);
      ledger.remember(plan.remembered(ids), bounds);
      return plan.outcomes(ids);
    },
    positions: memoryPositions(),
    async sync() {},
    lead: () => (hasEpoch ? lead(last) : 0),
    async close() {},
  };
}
