import type { News } from "../types.ts";
import { parser } from "./parser.ts";
import { foreign, type Mount, read } from "./request.ts";
import { within } from "./timeout.ts";

/**
 * Reads `events` until the server ends the stream or stays silent too long. A stream without a body ends at once;
 * another server's stream rejects.
 */
export function stream(
  mount: Mount,
  outer: AbortSignal,
  channels: readonly string[],
  last: number | undefined,
  heard: (news: News) => void,
  firstFrame: number,
): Promise<void> {
  return within(firstFrame, outer, async (signal, renew) => {
    const reader = (await read(mount, "/events", { channels, last }, signal)).body?.getReader(); // Safari cannot iterate over it
    let open: boolean | undefined;
    const feed = parser(({ id, event, data, retry }) => {
      if (+retry! >= 0) mount.retry = +retry!;
      const last = +id!;
      // A position, as a heartbeat sends it, moves the cursor. An event of an unknown kind does the same.
      const notifications = !event && data ? [JSON.parse(data)] : [];
      if (event === "position" && data) mount.heartbeat = Math.min(1e8, JSON.parse(data).heartbeat) || mount.heartbeat;
      else if (!open && data) throw foreign(200); // a mount begins with a position
      if (last >= 0) {
        open = true;
        heard({ notifications, last, missed: event === "missed" });
      }
    });
    while (reader) {
      const { value } = await reader.read();
      if (!value || signal.aborted) return;
      feed(value);
      if (open) renew(2.5 * mount.heartbeat); // comments alone are no stream
    }
  });
}
