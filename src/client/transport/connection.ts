import type { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import type { News, Status } from "../types.ts";
import { onChange, pause } from "./pause.ts";
import { polls } from "./poll.ts";
import { failureOf, foreign, isFinal, type Mount } from "./request.ts";
import { stream } from "./stream.ts";
import { aborted, stopwatch } from "./timeout.ts";

/**
 * Keeps a connection to the mount across failures, from the tab's position on. Each attempt reads the tab's channels
 * anew. `tell` is called at each sign of life, with the news before the tab takes them. `opened` is true once every later notification follows. `refused` gets the server's refusal. Returns a function that reopens at once at the
 * same position with other channels. The news of the old connection are dropped.
 */
export function connection(
  mount: Mount,
  tab: Tab,
  over: AbortSignal,
  channelsNow: () => readonly string[],
  tell: (opened?: boolean, news?: News) => void,
  refused: (error: ClientError) => void,
): () => void {
  const FIRST_FRAME = 3_000;
  const FIRST_FRAME_ALONE = 30_000;
  const STABLE = 10_000;
  const MOST_BREAKS = 3;
  const POLLING = 2_000;
  const LONGEST_POLLING = 300_000;
  const FOREVER = 1e16;
  const auto = mount.transport === "auto";
  const always = mount.transport === "poll" ? FOREVER : 0;
  let attempt: AbortController | undefined;
  let pollUntil = always;
  let failures = 0;
  let silence = stopwatch();
  /** The number of streams in a row that did not last. */
  let breaks = 0;
  const reopen = (): void => attempt?.abort();
  over.addEventListener("abort", reopen);
  onChange(look, { signal: over });
  run();
  return reopen;

  /** Reopens over another network, or if a silent connection may be dead. */
  function look({ type }: Event): void {
    if (type === "online") {
      pollUntil = always;
      breaks = 0;
    } else if (silence() <= mount.heartbeat) return;
    reopen();
  }

  function show(status: Status, reason?: ClientError): void {
    tab.show(status, reason);
    tell();
  }

  /** Makes one attempt. Returns the failure that calls for a pause before the next. */
  async function once(signal: AbortSignal): Promise<ClientError | undefined> {
    const streaming = pollUntil <= performance.now();
    const channels = channelsNow();
    tab.union = channels;
    let since: number | undefined;
    silence = stopwatch();
    const heard = (news: News): void => {
      if (signal.aborted) return;
      silence = stopwatch();
      tab.last ??= news.last;
      const opened = since === undefined;
      if (opened) {
        since = performance.now();
        show("live");
      }
      tell(opened, news);
      tab.take(news, signal);
    };
    const failure = await (streaming ? stream : polls)(
      mount,
      signal,
      channels,
      tab.last,
      heard,
      streaming ? (auto ? FIRST_FRAME : FIRST_FRAME_ALONE) : pollUntil,
    ).then(() => (since === undefined ? foreign(200) : undefined), failureOf);
    if (signal.aborted) return undefined;
    const final = isFinal(channels, failure);
    if (final) return void refused(failure!); // only an answer has a status
    if (final === undefined) {
      show("idle", failure);
      return void (await aborted(signal)); // until a channel has a name
    }
    const lasted = since! <= performance.now() - STABLE;
    if (lasted) failures = 0;
    if (!streaming) {
      pollUntil = always;
      return failure;
    }
    if (lasted) {
      breaks = 0;
      return failure;
    }
    // A refusal of the mount, or a failure with a time to come back, says nothing against the transport.
    if (auto && !failure?.retryAfter && ["http", "network", undefined].includes(failure?.code)) {
      breaks += since === undefined ? MOST_BREAKS : 1;
      if (breaks >= MOST_BREAKS) {
        pollUntil = performance.now() + Math.min(POLLING * 2 ** breaks, LONGEST_POLLING);
        return undefined;
      }
    }
    return failure ?? failureOf("events closed");
  }

  async function run(): Promise<void> {
    for (;;) {
      await null; // Changes of one tick share one attempt.
      if (over.aborted) return;
      attempt = new AbortController();
      const failure = await once(attempt.signal);
      if (failure) await pause(mount, failures++, failure, over, show);
    }
  }
}
