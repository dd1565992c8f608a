import type { Answer } from "../../log/answer.ts";
import type { Query } from "../../log/query.ts";
import type { Signal } from "../../util/abort.ts";
import type { Mounted } from "../mounted.ts";

export interface Held {
  readonly answer: Answer;
  /** True if the reader has missed something, now or while it waited. */
  readonly missed: boolean;
}

/**
 * Answers a client that never lowers its `last`, and asks again at once. The answer is empty only when the time is up: a gap ends no
 * wait, and a `last` beyond the newest id waits for what is sent from now on.
 */
export async function hold<C extends object, Context>(
  { hub, capacity, idle, form }: Mounted<C, Context>,
  asked: Query,
  timeout: number,
  signal: Signal,
): Promise<Held> {
  const deadline = hub.clock.monotonic() + timeout;
  const isBeyond = asked.last > hub.last;
  let missed = isBeyond;
  let query = isBeyond ? { ...asked, last: hub.last } : asked;
  const found = hub.read(query);
  const isOver = found !== undefined && found.rows.length > 0;
  if (isOver || timeout === 0) {
    const answer = isOver ? found : hub.nothing();
    hub.meter.polled(query.keys, answer);
    return { answer, missed: missed || found?.missed === true };
  }
  if (found !== undefined) [missed, query] = [true, { ...query, last: found.last }];
  capacity.enter();
  try {
    for (let isFirst = true; ; isFirst = false) {
      const parked = query.keys.length > 0 ? hub.park(query, { deadline, signal, form }) : idle.wait(timeout, signal);
      if (isFirst) hub.meter.polled(query.keys, undefined); // told last: a subscriber may commit something
      const answer = await parked;
      missed ||= answer.missed;
      if (answer.rows.length > 0 || !answer.missed) return { answer, missed };
      // Others trimmed what it had not seen. Since it was woken, more may have come.
      query = { ...query, last: answer.last };
      const since = hub.read(query);
      if (since !== undefined && since.rows.length > 0) return { answer: since, missed };
    }
  } finally {
    capacity.leave();
  }
}
