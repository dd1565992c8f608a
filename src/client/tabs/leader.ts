import type { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import { connection } from "../transport/connection.ts";
import type { Mount } from "../transport/request.ts";
import type { News } from "../types.ts";
import { covers, type LeaderMessage } from "./messages.ts";

/**
 * Leads until the signal is aborted: runs the connection for all tabs, and broadcasts its news. Returns a function for the
 * messages of other tabs. Without a message, the function takes up a change of this tab's own channels. `alarm` calls back
 * after so many ms, unless it is called again before. `hold` works once it has the lock of a tab.
 */
export function leader(
  mount: Mount,
  tab: Tab,
  signal: AbortSignal,
  id: number,
  radio: BroadcastChannel | undefined,
  refused: (error: ClientError) => void,
  alarm: (work: () => void, ms: number) => void,
  hold: (of: number, options: LockOptions, work: () => unknown) => void,
): (from?: number, channels?: readonly string[]) => void {
  /** The channels of each tab. */
  const readers = new Map([[id, tab.names()]]);
  const reopen = connection(mount, tab, signal, wanted, tell, refused);
  tell(); // tabs that are there answer with their channels
  return hear;

  function hear(from = id, channels = tab.names()): void {
    // A tab has its own lock until it leaves or crashes. In the mode `shared`, a leader that is suspended blocks no other.
    if (!readers.has(from))
      hold(from, { signal, mode: "shared" }, () => {
        readers.delete(from);
        hear();
      });
    readers.set(from, channels);
    const known = covers(tab.union, wanted());
    // Fewer channels can wait: a tab often adds the next one right after, or has it added before.
    if (known) setTimeout(() => covers(wanted(), tab.union) || reopen(), 1_000);
    else reopen();
    tell(known);
  }

  function wanted(): readonly string[] {
    return [...new Set([...readers.values()].flat())].sort();
  }

  function tell(opened?: boolean, news?: News): void {
    if (!radio || signal.aborted) return;
    const { status, reason, last, union } = tab;
    radio.postMessage({
      leader: id,
      status,
      reason: reason && { ...reason, message: reason.message },
      heartbeat: mount.heartbeat,
      last,
      channels: opened && union,
      news,
    } satisfies LeaderMessage);
    alarm(tell, mount.heartbeat); // a quiet leader is not taken for a suspended one
  }
}
