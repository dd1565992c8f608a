import type { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import { connection } from "../transport/connection.ts";
import type { Mount } from "../transport/request.ts";
import type { News } from "../types.ts";
import { covers, type LeaderMessage, type TabMessage } from "./messages.ts";

/**
 * Leads until the signal is aborted: runs the connection for all tabs, and broadcasts its news. Returns a function for the
 * messages of other tabs. Without a message, the function takes up a change of this tab's own channels. `alarm` calls back
 * after so many ms, unless it is called again before.
 */
export function leader(
  mount: Mount,
  tab: Tab,
  signal: AbortSignal,
  id: number,
  radio: BroadcastChannel | undefined,
  refused: (error: ClientError) => void,
  alarm: (work: () => void, ms: number) => void,
): (message?: TabMessage) => void {
  const others = new Map<number, readonly string[]>();
  const reopen = connection(mount, tab, signal, wanted, tell, refused);
  tell(); // tabs that are there answer with their channels
  return (message) => {
    if (message) {
      others.set(message.tab, message.channels);
      const known = covers(tab.union, message.channels);
      if (!known) reopen();
      tell(known);
    } else if (String(wanted()) !== String(tab.union)) reopen();
  };

  function wanted(): readonly string[] {
    return [...new Set([tab.names(), ...others.values()].flat())].sort();
  }

  function tell(opened?: boolean, news?: News): void {
    if (!radio || signal.aborted) return;
    const { reason } = tab;
    radio.postMessage({
      leader: id,
      status: tab.status,
      reason: reason && { ...reason, message: reason.message },
      heartbeat: mount.heartbeat,
      last: tab.last,
      channels: opened && tab.union,
      news,
    } satisfies LeaderMessage);
    alarm(tell, mount.heartbeat); // a quiet leader is not taken for a suspended one
  }
}
