import type { ClientError } from "./errors.ts";
import { pause } from "./pause.ts";
import { poll } from "./poll.ts";
import { type Failure, isFinal, type Line } from "./request.ts";
import type { Tab } from "./tab.ts";

/** Polls for this tab alone, page by page, until it stands at the target, which may move meanwhile; or until the signal. */
export async function catchUp(tab: Tab, line: Line, target: () => number, signal: AbortSignal): Promise<void> {
  let failures = 0;
  do {
    const { last } = tab;
    const channels = tab.names();
    const failure: Failure | undefined = await poll(line, signal, channels, last)
      .then((news) => tab.take(news, signal))
      .catch((thrown) => thrown);
    if (signal.aborted) return;
    const final = isFinal(channels, failure);
    if (final) return tab.end(failure as ClientError); // only an answer has a status
    if (final === undefined) tab.last = target(); // there was nothing to catch up with
    // The process that was asked may lag behind the leader's.
    if (tab.last === last) await pause(line, failures++, failure, signal);
  } while (tab.last! < target());
}
