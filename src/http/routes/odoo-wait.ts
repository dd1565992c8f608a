import type { Answer } from "../../log/answer.ts";
import type { Query } from "../../log/query.ts";
import type { Signal } from "../../util/abort.ts";
import type { Mounted } from "../mounted.ts";

/**
 * Answers a client that asks again at once and never lowers its `last`. The answer is empty only when the time is up. Missed rows end no wait, and a `last` beyond the newest id waits for new sends.
 */
export async function waitForOdoo<C extends object, Context>(
  { hub, capacity, idle, form, admit }: Mounted<C, Context>,
  asked: Query,
  timeout: number,
  signal: Signal,
): Promise<Answer> {
  const deadline = hub.clock.monotonic() + timeout;
  let query: Query = { ...asked, skipsRetained: true };
  let [missed, goesOn, hasPlace] = [false, false, false];
  const takePlace = (): void => {
    if (!hasPlace) admit();
    hasPlace = true;
  };
  try {
    for (;;) {
      const left = Math.max(0, deadline - hub.clock.monotonic());
      const waits = query.keys.length > 0;
      const patience = { timeout: waits ? left : 0, signal, form, admit: takePlace, goesOn };
      const answer = await hub.poll(query, patience);
      missed ||= answer.missed;
      const isOver = answer.rows.length > 0 || (waits && !answer.missed);
      if (isOver) return missed ? answer.asMissed() : answer;
      if (!waits) {
        if (left > 0) {
          takePlace();
          await idle.wait(left, signal);
        }
        return missed ? hub.nothing().asMissed() : hub.nothing();
      }
      query = { ...query, last: answer.last };
      goesOn = true;
    }
  } finally {
    if (hasPlace) capacity.leave();
  }
}
