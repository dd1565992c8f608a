import type { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import type { Mount } from "../transport/request.ts";
import { aborted } from "../transport/timeout.ts";
import { follower } from "./follower.ts";
import { leader } from "./leader.ts";
import type { TabMessage } from "./messages.ts";

/**
 * Joins the tabs that share the connection of this name. The tab that holds the lock leads. With an empty name each tab
 * is alone.
 */
export function share(mount: Mount, tab: Tab, name: string): void {
  const { BroadcastChannel: Radio, navigator, addEventListener } = globalThis;
  let locks = name ? navigator?.locks : undefined;
  const id = Math.random();
  const over = new AbortController();
  const [hear, changed, wait] = follower(mount, tab, hello, watch);
  let radio: BroadcastChannel | undefined;
  let queued: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Set while this tab leads. */
  let leading: ReturnType<typeof leader> | undefined;

  addEventListener?.("pagehide", leave, over);
  addEventListener?.("pageshow", (event) => event.persisted && join(), over);
  tab.listen((...[event]) => {
    if (event === "channels") (leading ?? changed)();
    if (event !== "end") return;
    over.abort();
    leave();
  });
  join();

  /** Waits for the lock, or takes it from a leader without a sign of life. */
  function join(steal?: LockOptions): void {
    leave();
    const mine = new AbortController();
    const { signal } = mine;
    queued = mine;
    /** Leads until the signal is aborted. */
    const start = (): unknown => {
      if (!signal.aborted) {
        wait();
        leading = leader(mount, tab, signal, id, radio, refused, alarm, hold);
      }
      return aborted(signal);
    };
    if (!locks) {
      start();
      return;
    }
    radio = new Radio(name);
    radio.onmessage = ({ data }) => {
      if (data[0]) leading?.(...data);
      else if (!leading) hear(data);
    };
    watch();
    // The leader forgets a tab that has no lock, so the tab speaks once it has its own.
    hold(id, mine, () => {
      hello();
      return aborted(signal);
    });
    locks.request(name, steal ?? mine, start).catch(() => {
      if (leading && !signal.aborted) join();
      else start(); // locks are forbidden here, so each tab leads itself
    });
  }

  /** The refusal may concern the channels of other tabs. This tab then goes on alone. */
  function refused(error: ClientError): void {
    if (tab.union.length > tab.names().length) {
      locks = undefined;
      join();
    } else tab.end(error);
  }

  function leave(): void {
    clearTimeout(timer);
    radio?.close();
    queued?.abort();
    radio = leading = undefined;
    wait();
  }

  function alarm(work: () => void, ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  }

  function hello(): void {
    radio?.postMessage([id, tab.names()] satisfies TabMessage);
  }

  /** Works once it has the lock of a tab, and holds it as long as the work takes. */
  function hold(of: number, options: LockOptions, work: () => unknown): void {
    locks?.request(name + of, options, work).catch(() => {}); // the signal ended the wait, or locks are forbidden
  }

  // The random part keeps tabs from taking the lock from each other.
  function watch(): void {
    alarm(() => join({ steal: true }), 2.5 * mount.heartbeat + Math.random() * 1_000);
  }
}
