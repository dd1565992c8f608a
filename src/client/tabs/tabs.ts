import { ClientError } from "../errors.ts";
import type { Tab } from "../tab.ts";
import { connection } from "../transport/connection.ts";
import { pause } from "../transport/pause.ts";
import { poll } from "../transport/poll.ts";
import { failureOf, isFinal, type Line } from "../transport/request.ts";
import { aborted } from "../transport/timeout.ts";
import type { News, Status } from "../types.ts";

/** A tab that joins or needs other channels. One that goes needs none. */
interface TabMessage {
  readonly tab: number;
  readonly channels: readonly string[];
}

export interface LeaderMessage {
  readonly leader: number;
  readonly status: Status;
  /** The status's: what an error that is broadcast would forget. */
  readonly reason: Pick<ClientError, "code" | "message" | "status" | "retryAfter"> | undefined;
  readonly heartbeat: number;
  /** Where the leader stands, before the news. */
  readonly from: number | undefined;
  /** From here on, what is sent on these channels is broadcast without a gap. */
  readonly channels?: readonly string[] | false | undefined;
  readonly news?: News | undefined;
}

/** Joins the tabs that share the connection of this name; the one that holds the lock runs it. With an empty name each has its own. */
export function share(tab: Tab, line: Line, name: string): void {
  const { BroadcastChannel: Radio, navigator, addEventListener } = globalThis;
  let locks = name ? navigator?.locks : undefined;
  const id = Math.random();
  const over = new AbortController();
  const others = new Map<number, readonly string[]>();
  let radio: BroadcastChannel | undefined;
  /** A leader's: opens anew. */
  let led: (() => void) | undefined;
  let queued: AbortController | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let leader: number | undefined;
  /** A follower's: as long as what is broadcast follows on what it has, or on what it is catching up with. */
  let session: AbortController | undefined;
  /** How far a follower has to catch up; undefined: it is live. What is broadcast meanwhile only moves this. */
  let target: number | undefined;

  addEventListener?.("pagehide", leave, over);
  addEventListener?.("pageshow", ({ persisted }) => persisted && join(), over);
  tab.listen((...[event]) => {
    if (event === "channels") changed();
    if (event !== "end") return;
    over.abort();
    leave();
  });
  join();

  function changed(): void {
    if (led) {
      if (String(wanted()) !== String(tab.union)) led();
      return;
    }
    // What comes the old way, or has been asked for, would take the cursor past what is sent on the new channel.
    if (target || !covers(tab.union, tab.names())) drop();
    hello();
  }

  function join(): void {
    if (locks) {
      radio = new Radio(name);
      radio.onmessage = ({ data }) => hear(data);
      hello();
      watch();
    }
    queue();
  }

  function leave(): void {
    hello([]);
    radio?.close();
    queued?.abort();
    radio = queued = undefined;
    stop();
  }

  /** Waits for the lock, or takes it from a leader that says nothing. */
  function queue(steal?: boolean): void {
    queued?.abort();
    const mine = new AbortController();
    queued = mine;
    if (!locks) return void lead(mine.signal);
    locks
      .request(name, steal ? { steal } : mine, () => (mine === queued ? lead(mine.signal) : undefined))
      .catch(() => {
        if (mine !== queued) return;
        if (led) {
          leave();
          join();
        } else lead(mine.signal); // where locks are forbidden, each for itself
      });
  }

  /** Leads until the signal is aborted. */
  function lead(signal: AbortSignal): Promise<void> {
    stop();
    others.clear();
    led = connection(line, tab, signal, wanted, tell, refused);
    tell(); // those who are there say so
    return aborted(signal);
  }

  /** For the channels of one tab alone the server may refuse all: then this one goes on by itself. */
  function refused(error: ClientError): void {
    if (tab.union.length <= tab.names().length) return void tab.end(error);
    locks = undefined;
    leave();
    join();
  }

  function stop(): void {
    clearTimeout(silence);
    drop();
    led = undefined;
  }

  /** A leader from which nothing comes is suspended. At random, so that not all tabs take the lock from each other. */
  function watch(): void {
    clearTimeout(silence);
    silence = setTimeout(queue, 2.5 * line.heartbeat + Math.random() * 1_000, true);
  }

  function hear(message: TabMessage | LeaderMessage): void {
    if ("tab" in message) {
      if (!led) return;
      others.set(message.tab, message.channels);
      const known = covers(tab.union, message.channels);
      if (!known) led();
      tell(known);
    } else if (!led) {
      const { from, channels, news, reason } = message;
      // One that was suspended may not know that it was followed, so what is broadcast follows on its own word alone.
      if (message.leader !== leader) {
        drop();
        if (!channels) hello(); // a new leader asks who is there
      }
      leader = message.leader;
      line.heartbeat = message.heartbeat;
      watch();
      tab.show(message.status, reason && Object.assign(new ClientError("", ""), reason));
      if (channels) {
        drop();
        tab.union = channels;
        if (!covers(channels, tab.names())) return void hello();
        session = new AbortController();
        tab.last ??= from;
        if (tab.last! < from!) chase(from!, session.signal); // it has opened, so it stands somewhere
      }
      if (!news || !session) return;
      if (target) target = news.last;
      // What the leader missed concerns those who stand where it stood; the others ask for themselves.
      else if (news.missed && tab.last !== from) chase(news.last, session.signal);
      else tab.take(news, session.signal);
    }
  }

  /** Polls for this tab alone, page by page, until it stands at the target, which may move meanwhile; or until the signal. */
  async function chase(first: number, signal: AbortSignal): Promise<void> {
    let failures = 0;
    target = first;
    do {
      const { last } = tab;
      const channels = tab.names();
      let missed: boolean | undefined;
      const failure = (await poll(line, signal, channels, last)
        .then((news) => {
          missed = news.missed;
          tab.take(news, signal);
        })
        .catch(failureOf)) as ClientError | undefined;
      if (signal.aborted) return;
      const final = isFinal(channels, failure);
      if (final) return tab.end(failure); // only an answer has a status
      if (final === undefined) tab.last = target; // there was nothing to catch up with
      // The process that was asked may lag behind the leader's, or have another log.
      if (missed || tab.last === last) await pause(line, failures++, failure, signal);
    } while (tab.last! < target);
    if (!signal.aborted) target = undefined;
  }

  /** Takes nothing more until the leader opens anew. */
  function drop(): void {
    session?.abort();
    session = target = undefined;
  }

  function hello(channels = tab.names()): void {
    radio?.postMessage({ tab: id, channels } satisfies TabMessage);
  }

  function tell(opened?: boolean, news?: News): void {
    if (!led || !radio) return;
    const { reason } = tab;
    radio.postMessage({
      leader: id,
      status: tab.status,
      reason: reason && { ...reason, message: reason.message },
      heartbeat: line.heartbeat,
      from: tab.last,
      channels: opened && tab.union,
      news,
    } satisfies LeaderMessage);
    clearTimeout(silence);
    silence = setTimeout(tell, line.heartbeat); // what pauses is not suspended
  }

  function wanted(): readonly string[] {
    return [...new Set([tab.names(), ...others.values()].flat())].sort();
  }
}

/** Whether all of these channels are among those of the union. */
function covers(union: readonly string[], channels: readonly string[]): boolean {
  return channels.every((channel) => union.includes(channel));
}
