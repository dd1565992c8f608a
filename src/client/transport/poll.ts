import type { News } from "../types.ts";
import { pause } from "./pause.ts";
import { answerOf, type Mount, read } from "./request.ts";
import { within } from "./timeout.ts";

/** Polls once. Rejects if the answer does not come in time, too. */
export function poll(
  mount: Mount,
  outer: AbortSignal,
  channels: readonly string[],
  last = 0,
  timeout = 0,
): Promise<News> {
  const GRACE = 10_000;
  return within(timeout + GRACE, outer, async (signal) =>
    answerOf<News>(await read(mount, "/poll", { channels, last, timeout }, signal), "notifications"),
  );
}

/**
 * Polls again and again, until it is time to try a stream. The first poll is answered at once, to show that the way is
 * free. Without a position it begins at the newest id, else at the first answer without notifications. Throws the
 * errors of `heard`.
 */
export async function polls(
  mount: Mount,
  outer: AbortSignal,
  channels: readonly string[],
  last: number | undefined,
  heard: (news: News) => void,
  until: number,
): Promise<void> {
  const PATIENCE = 10_000;
  const HASTY = 750;
  let from = last;
  if (from === undefined) {
    // One name is enough, and fits into any URL. The poll itself shows what is wrong.
    const answer = await within(PATIENCE, outer, (signal) =>
      read(mount, "/events", { channels: channels.slice(0, 1) }, signal, "HEAD"),
    ).catch(() => undefined);
    from = +(answer?.headers.get("Nightbus-Last") as string) || undefined; // null is no number either
  }
  let known = from !== undefined;
  let timeout = 0;
  let gaps = 0;
  do {
    const soon = performance.now() + timeout / 50;
    const news = await poll(mount, outer, channels, from, timeout);
    from = news.last;
    known ||= !news.notifications[0];
    if (!known) continue;
    heard(news);
    // The pause spares a mount whose answers come at once, or a bus without a store behind several processes.
    gaps = news.missed ? gaps + 1 : 0;
    if (gaps > 1 || (!news.notifications[0] && performance.now() < soon))
      await pause({ retry: HASTY }, gaps, undefined, outer);
    // The wait stays within the silence of a stream, and below the limit of proxies for a quiet request.
    timeout = Math.min(25_000, 1.5 * mount.heartbeat) | 0;
  } while (performance.now() < until);
}
