import { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import { pause } from "../transport/pause.ts";
import { poll } from "../transport/poll.ts";
import { failureOf, isFinal, type Mount } from "../transport/request.ts";
import { covers, type LeaderMessage } from "./messages.ts";

/**
 * Follows a leader, in one of three states. Waiting: without a session, the tab takes nothing until the leader opens anew.
 * Catching up: with a session and a target, the tab polls by itself, and broadcast news only move the target. Live: with a
 * session alone, the tab takes broadcast news.
 *
 * Returns three functions: `hear` takes a message of a leader, `changed` takes up a change of the tab's channels, and `wait`
 * goes back to waiting. `hello` tells the leader of this tab's channels. `watch` is called at each sign of life.
 */
export function follower(mount: Mount, tab: Tab, hello: () => void, watch: () => void) {
  let leader: number | undefined;
  let session: AbortController | undefined;
  let target: number | undefined;
  return [hear, changed, wait] as const;

  function hear({ leader: id, status, reason, heartbeat, last, channels, news }: LeaderMessage): void {
    // A message of another leader makes the tab wait for an opening of that leader, which it follows from then on.
    if (id !== leader) {
      wait();
      if (!channels) hello(); // a new leader asks for the channels of all tabs
    }
    leader = id;
    mount.heartbeat = heartbeat;
    watch();
    tab.last ??= last; // before the status: who hears of it may ask from here on
    tab.show(status, reason && Object.assign(new ClientError("", ""), reason));
    if (channels) {
      wait();
      tab.union = channels;
      if (covers(channels, tab.names())) {
        session = new AbortController();
        // The difference is NaN before the leader has a position. A position beyond the leader's may be of another log.
        if (tab.last! - last!) catchUp(last!, session.signal);
      } else hello();
    }
    if (!news || !session) return;
    if (target! >= 0) target = news.last;
    // Rows that the leader missed concern tabs at its position. Other tabs ask for themselves.
    else if (news.missed && tab.last !== last) catchUp(news.last, session.signal);
    else tab.take(news, session.signal);
  }

  function wait(): void {
    session?.abort();
    session = target = undefined;
  }

  function changed(): void {
    // News that are under way would move the cursor past news on the new channel.
    if (target! >= 0 || !covers(tab.union, tab.names())) wait();
    hello();
  }

  /** Polls for this tab alone, page by page, until the server has answered and the tab stands at the target, or beyond. */
  async function catchUp(first: number, signal: AbortSignal): Promise<void> {
    let failures = 0;
    target = first;
    while (target !== undefined) {
      const { last } = tab;
      const channels = tab.names();
      let failure = (await poll(mount, signal, channels, last).then((news) => tab.take(news, signal), failureOf)) as
        | ClientError
        | undefined; // `take` returns nothing
      if (signal.aborted) return;
      const final = isFinal(channels, failure);
      if (final) return tab.end(failure); // `final` is true only for a failure with a status
      if (final === undefined) {
        tab.last = target; // the tab reads no channel, so it has missed nothing
        failure = undefined;
      }
      if (!failure && tab.last! >= target) target = undefined;
      // The process that answered may lag behind the leader's, or have another log.
      else if (tab.last! <= last!) await pause(mount, failures++, failure, signal);
    }
  }
}
