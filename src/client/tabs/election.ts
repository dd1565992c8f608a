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

  function stop(): void {
    clearTimeout(timer);
    wait();
    leading = undefined;
  }

  function join(): void {
    leave();
    if (locks) {
      radio = new Radio(name);
      radio.onmessage = ({ data }) => {
        if ("tab" in data) leading?.(data);
        else if (!leading) hear(data);
      };
      hello();
      watch();
    }
    queue();
  }

  /** Leads until the signal is aborted. */
  function lead(signal: AbortSignal): Promise<unknown> {
    stop();
    leading = leader(mount, tab, signal, id, radio, refused, alarm);
    return aborted(signal);
  }

  /** The refusal may concern the channels of other tabs. This tab then goes on alone. */
  function refused(error: ClientError): void {
    if (tab.union.length > tab.names().length) {
      locks = undefined;
      join();
    } else tab.end(error);
  }

  /** Waits for the lock, or takes it from a leader without a sign of life. */
  function queue(steal?: boolean): void {
    queued?.abort();
    const mine = new AbortController();
    queued = mine;
    const start = (): unknown => mine === queued && lead(mine.signal);
    if (locks) {
      locks.request(name, steal ? { steal } : mine, start).catch(() => {
        if (leading && mine === queued) join();
        else start(); // locks are forbidden here, so each tab leads itself
      });
    } else start();
  }

  function leave(): void {
    hello([]);
    radio?.close();
    queued?.abort();
    radio = queued = undefined;
    stop();
  }

  function alarm(work: () => void, ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  }

  function hello(channels = tab.names()): void {
    radio?.postMessage({ tab: id, channels } satisfies TabMessage);
  }

  // The random part keeps tabs from taking the lock from each other.
  function watch(): void {
    alarm(() => queue(true), 2.5 * mount.heartbeat + Math.random() * 1_000);
  }
}
