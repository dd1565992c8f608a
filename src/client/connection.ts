import type { ClientError } from "./errors.ts";
import { aborted } from "./patience.ts";
import { pause } from "./pause.ts";
import { polls } from "./poll.ts";
import { type Failure, isFinal, type Line } from "./request.ts";
import { events, stream } from "./stream.ts";
import type { Tab } from "./tab.ts";
import type { News, Status } from "./types.ts";

export interface Connection {
  /** Goes on at once from the same place with other channels; nothing that is on its way is heard. */
  reopen(): void;
  close(): void;
}

/**
 * Keeps a connection to the mount, over whatever breaks, from where the tab stands. Each attempt asks anew for the channels.
 * `tell` is called for each sign of life: with the news before the tab takes it; with `opened`, when from here on what
 * follows comes without a gap after the tab's `last`. `refused` is told what the server will not give.
 */
export function connection(
  line: Line,
  tab: Tab,
  channelsNow: () => readonly string[],
  tell: (opened?: boolean, news?: News) => void,
  refused: (error: ClientError) => void,
): Connection {
  const FIRST_BYTES = 3_000;
  const STABLE = 10_000;
  const QUICK_BREAKS = 3;
  const POLLING = 300_000;
  const FOREVER = 1e16;
  const auto = line.transport === "auto";
  let attempt: AbortController | undefined;
  let pollUntil = line.transport === "poll" ? FOREVER : 0;
  let failures = 0;
  let quickBreaks = 0;
  const over = new AbortController();
  run();

  return {
    reopen: () => attempt?.abort(),
    close: () => {
      over.abort();
      attempt?.abort();
    },
  };

  async function run(): Promise<void> {
    for (;;) {
      await null; // the changes of one tick make one attempt
      if (over.signal.aborted) return;
      attempt = new AbortController();
      const failure = await once(attempt.signal);
      if (failure) await pause(line, failures++, failure, over.signal, show);
    }
  }

  function show(status: Status): void {
    tab.show(status);
    tell();
  }

  /** Makes one attempt, and answers what calls for a pause before the next one. */
  async function once(signal: AbortSignal): Promise<Failure | undefined> {
    const streaming = pollUntil <= Date.now();
    const channels = channelsNow();
    tab.union = channels;
    let since = 0;
    const heard = (news: News): void => {
      if (signal.aborted) return;
      tab.last ??= news.last;
      if (!since) {
        since = Date.now();
        show("live");
        tell(true);
      }
      tell(false, news);
      tab.take(news, signal);
    };
    const { last } = tab;
    const work = streaming
      ? stream(line, signal, events(channels, last), auto ? FIRST_BYTES : 2.5 * line.heartbeat, heard)
      : polls(line, signal, channels, last, heard, pollUntil);
    const failure: Failure | undefined = await work.catch((thrown) => thrown);
    if (signal.aborted) return undefined;
    const final = isFinal(channels, failure);
    if (final === undefined) {
      show("waiting");
      return void (await aborted(signal)); // until somebody names one
    }
    if (final) return void refused(failure as ClientError); // only an answer has a status
    if (since && Date.now() - since >= STABLE) {
      failures = quickBreaks = 0;
      if (failure === undefined) return undefined;
    } else if (streaming && auto && (since ? ++quickBreaks === QUICK_BREAKS : failure?.name === "AbortError")) {
      quickBreaks = 0;
      pollUntil = Date.now() + POLLING;
      return undefined;
    }
    return failure ?? {};
  }
}
