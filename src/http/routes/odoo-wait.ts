import type { Answer } from "../../log/answer.ts";
import type { Query } from "../../log/query.ts";
import type { Signal } from "../../util/abort.ts";
import type { Place } from "../endpoint/capacity.ts";
import type { Mounted } from "../mounted.ts";

/**
 * Answers a client that asks again at once and never lowers its `last`. The answer is empty only when the time is up, or the
 * mount closes. Missed rows end no wait, and a `last` beyond the newest id waits for new sends.
 */
export async function waitForOdoo<C extends object, Context>(
  { hub, capacity, idle, form }: Mounted<C, Context>,
  asked: Query,
  timeout: number,
  signal: Signal,
  place: Place,
): Promise<Answer> {
  const deadline = hub.clock.monotonic() + timeout;
  const hasChannels = asked.keys.length > 0;
  let query: Query = { ...asked, skipsRetained: true };
  let [missed, goesOn] = [false, false];
  for (;;) {
    const left = Math.max(0, deadline - hub.clock.monotonic());
    const waitsElsewhere = !hasChannels && left > 0;
    const terms = { timeout: hasChannels ? left : 0, signal, form, place, goesOn, waitsElsewhere };
    const answer = await hub.poll(query, terms);
    missed ||= answer.missed;
    const isOver = answer.rows.length > 0 || (hasChannels && !answer.missed) || capacity.isClosed;
    if (isOver) return missed ? answer.asMissed() : answer;
    if (!hasChannels) {
      if (waitsElsewhere) {
        place.take();
        await idle.wait(left, signal);
      }
      return missed ? hub.nothing().asMissed() : hub.nothing();
    }
    query = { ...query, last: answer.last };
    goesOn = true;
  }
}
