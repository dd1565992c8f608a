import type { Signal } from "../abort.ts";
import type { Answer } from "../log/answer.ts";
import type { Ask } from "../log/ask.ts";
import type { Mounted } from "./endpoint.ts";

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
  { reader, crowd, idle, form }: Mounted<C, Context>,
  asked: Ask,
  timeout: number,
  signal: Signal,
): Promise<Held> {
  const deadline = reader.clock.monotonic() + timeout;
  const isBeyond = asked.last > reader.last;
  let missed = isBeyond;
  let ask = isBeyond ? { ...asked, last: reader.last } : asked;
  const found = reader.read(ask);
  const isOver = found !== undefined && found.rows.length > 0;
  if (isOver || timeout === 0) {
    const answer = isOver ? found : reader.nothing();
    reader.meter.polled(ask.keys, answer);
    return { answer, missed: missed || found?.missed === true };
  }
  if (found !== undefined) [missed, ask] = [true, { ...ask, last: found.last }];
  crowd.enter();
  try {
    for (let isFirst = true; ; isFirst = false) {
      const parked = ask.keys.length > 0 ? reader.park(ask, { deadline, signal, form }) : idle.wait(timeout, signal);
      if (isFirst) reader.meter.polled(ask.keys, undefined); // told last: a subscriber may commit something
      const answer = await parked;
      missed ||= answer.missed;
      if (answer.rows.length > 0 || !answer.missed) return { answer, missed };
      // Others trimmed what it had not seen. Since it was woken, more may have come.
      ask = { ...ask, last: answer.last };
      const since = reader.read(ask);
      if (since !== undefined && since.rows.length > 0) return { answer: since, missed };
    }
  } finally {
    crowd.leave();
  }
}
