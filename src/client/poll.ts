import { aborted, within } from "./patience.ts";
import type { Line } from "./request.ts";
import { events } from "./stream.ts";
import type { News } from "./types.ts";

/** Asks once. Rejects when the answer does not come in time, too. */
export function poll(
  line: Line,
  outer: AbortSignal,
  channels: readonly string[],
  last = 0,
  timeout = 0,
): Promise<News> {
  const GRACE = 10_000;
  return within(timeout + GRACE, outer, async (signal) =>
    (await line.request("POST", "/poll", signal, JSON.stringify({ channels, last, timeout }))).json(),
  );
}

/**
 * Asks again and again, until the time for something better. The first answer comes at once: it shows that the way is free.
 * Without a last it goes on from the newest id; where that is not told, from the first answer without notifications.
 */
export async function polls(
  line: Line,
  outer: AbortSignal,
  channels: readonly string[],
  last: number | undefined,
  heard: (news: News) => void,
  until: number,
): Promise<void> {
  const PATIENCE = 10_000;
  let from = last;
  if (from === undefined) {
    const ask = (signal: AbortSignal): Promise<Response> => line.request("HEAD", events(channels), signal);
    const answer = await within(PATIENCE, outer, ask).catch(() => undefined); // what is wrong will show in the poll
    from = Number(answer?.headers.get("Nightbus-Last")) || undefined;
  }
  let known = from !== undefined;
  let timeout = 0;
  do {
    const soon = Date.now() + timeout / 50;
    const news = await poll(line, outer, channels, from, timeout);
    from = news.last;
    known ||= !news.notifications[0];
    if (!known) continue;
    heard(news);
    // A mount that lets nobody wait is not asked all the time.
    if (!news.notifications[0] && Date.now() < soon) await within(1_000, outer, aborted);
    // Within what a stream may be silent, and below what proxies allow a quiet request.
    timeout = Math.round(Math.min(1.5 * line.heartbeat, 25_000));
  } while (Date.now() < until);
}
