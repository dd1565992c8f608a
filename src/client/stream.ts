import { parser } from "./parser.ts";
import { within } from "./patience.ts";
import type { Line } from "./request.ts";
import type { News } from "./types.ts";

/** Reads `GET events` until the server ends it or is silent for too long.  */
export function stream(
  line: Line,
  outer: AbortSignal,
  route: string,
  firstBytes: number,
  heard: (news: News) => void,
): Promise<void> {
  return within(firstBytes, outer, async (signal, renew) => {
    const { body } = await line.request("GET", route, signal);
    const feed = parser(({ id, event, data, retry }) => {
      if (retry) line.retry = Number(retry) || 0;
      const last = Number(id);
      // A bare id, as a heartbeat sends it, moves the cursor; so does an event of a kind that is not known here.
      const notifications = !event && data ? [JSON.parse(data)] : [];
      if (last >= 0) heard({ notifications, last, missed: event === "missed" });
    });
    const reader = body!.getReader(); // Safari cannot iterate over it
    for (;;) {
      const { value } = await reader.read();
      if (!value) return;
      renew(2.5 * line.heartbeat);
      feed(value);
    }
  });
}

/** The route, with what is asked for in the query string: a header of our own would cost a preflight. */
export function events(channels: readonly string[], last?: number): string {
  const query = new URLSearchParams(channels.map((channel) => ["channels", channel]));
  if (last !== undefined) query.set("last", `${last}`);
  return `/events?${query}`;
}
