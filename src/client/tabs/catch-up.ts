import type { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import { pause } from "../transport/pause.ts";
import { poll } from "../transport/poll.ts";
import { failureOf, isFinal, type Mount } from "../transport/request.ts";

/** Polls for this tab alone, page by page, until it stands at the target, which may move meanwhile. The signal ends it. */
export async function catchUp(mount: Mount, tab: Tab, signal: AbortSignal, target: () => number): Promise<void> {
  let failures = 0;
  do {
    const { last } = tab;
    const channels = tab.names();
    let missed: boolean | undefined;
    const failure = (await poll(mount, signal, channels, last).then((news) => {
      missed = news.missed;
      tab.take(news, signal);
    }, failureOf)) as ClientError | undefined;
    if (signal.aborted) return;
    const final = isFinal(channels, failure);
    if (final) return tab.end(failure); // `final` is true only for a failure with a status
    if (final === undefined) tab.last = target(); // the tab reads no channel, so it has missed nothing
    // The process that answered may lag behind the leader's, or have another log.
    if (missed || tab.last === last) await pause(mount, failures++, failure, signal);
  } while (tab.last! < target());
}
