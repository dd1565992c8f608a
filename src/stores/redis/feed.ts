import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import type { Outage } from "../shared/outage.ts";
import { PollLoop } from "../shared/poll-loop.ts";
import type { RemoteCursor } from "../shared/remote-cursor.ts";
import { Pauses } from "../shared/retry.ts";
import { take } from "./cursor.ts";
import type { EnginePage } from "./engine.ts";
import { type Entry, entriesOf, type RawEntry } from "./entries.ts";
import type { Link } from "./link.ts";

/** The longest wait of a read for entries, and the pause between two looks, in ms. */
const PAUSE = 5_000;

/** The time beyond that wait, in ms, after which a connection without an answer counts as dead. */
const GRACE = 2_000;

/** The most entries of one read: in quiet times, on a busy log, and by their foreseen bytes. */
const FEW = 8;
const MANY = 100;
const BYTES = 2 ** 22;

/** The part of an outage that is the listener's. */
const LISTENING = "listening";

/** The parts that a feed of Redis needs. */
export interface FeedOptions {
  readonly clock: Clock;
  /** The connection that waits. */
  readonly link: Link;
  /** The key of the stream. */
  readonly logKey: string;
  readonly cursor: RemoteCursor<EnginePage>;
  /** Makes the other connection find again the server that commits. */
  readonly renew: () => void;
  readonly outage: Outage;
}

/** Hears of commits by a read that waits. Looks after a lost connection, and every five seconds all the same. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #pauses = new Pauses();
  readonly #polls: PollLoop;
  #timer: Timer | undefined;
  #count = FEW;
  /** The newest entry of another program, and the position that it follows. Redis gives such an entry again at once. */
  #passed: { readonly seen: number | undefined; readonly entry: string } | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { clock, cursor, outage } = options;
    this.#polls = new PollLoop({ clock, outage, pause: () => PAUSE, work: () => cursor.catchUp() });
  }

  start(): void {
    this.#polls.start();
    void this.#listen();
  }

  stop(): void {
    this.#polls.stop();
    this.#options.clock.clearTimeout(this.#timer);
    this.#options.link.close();
  }

  async #listen(): Promise<void> {
    const { cursor, outage, link, renew } = this.#options;
    try {
      while (!this.#polls.isStopped) {
        const { seen } = cursor;
        const entries = await this.#wait(seen);
        if (this.#polls.isStopped) return;
        if (take(cursor, entries)) {
          if (entries.length === 0 && this.#isBehind(seen)) link.renew();
          this.#pauses.reset();
          outage.end(LISTENING);
          continue;
        }
        await this.#polls.look();
        if (this.#polls.isStopped || !this.#isAhead(entries)) continue;
        link.renew();
        renew();
        return this.#again();
      }
    } catch (error) {
      if (this.#polls.isStopped) return;
      outage.begin(error, LISTENING);
      this.#again();
    }
  }

  /**
   * True if the waiting connection missed commits that were handed over meanwhile. Its server was the primary before a
   * failover.
   */
  #isBehind(from: number | undefined): boolean {
    const { seen } = this.#options.cursor;
    return from !== undefined && seen !== undefined && seen > from;
  }

  /** True if the waiting connection has entries that the committing one lacks, or that one does not answer. */
  #isAhead(entries: readonly Entry[]): boolean {
    const { seen } = this.#options.cursor;
    return seen !== undefined && (entries.at(-1)?.last ?? 0) > seen;
  }

  /** Waits for entries after an id. Without an id, since its log is gone, the wait is short. */
  async #wait(seen: number | undefined): Promise<readonly Entry[]> {
    const { link, logKey } = this.#options;
    const after = this.#passed?.seen === seen ? this.#passed?.entry : undefined;
    const from = seen === undefined ? "$" : (after ?? `${seen}-0`);
    const wait = seen === undefined ? 100 : PAUSE;
    const command = ["XREAD", "COUNT", `${this.#count}`, "BLOCK", `${wait}`, "STREAMS", logKey, from];
    const found = (await link.ask(command, PAUSE + GRACE)) as readonly [string, readonly RawEntry[]][] | null; // as Redis answers
    const entries = found?.[0]?.[1] ?? [];
    this.#count = countAfter(entries);
    const sends = entriesOf(entries);
    if (sends.length === 0 && entries.length > 0) this.#passed = { seen, entry: entries.at(-1)![0] };
    return sends;
  }

  #again(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(async () => {
      await this.#polls.look(); // at commits in the pause
      void this.#listen();
    }, this.#pauses.take());
    keepAlive(this.#timer, false);
  }
}

// Redis bounds a read by entries, and not by bytes. Each read asks for at most twice the entries of the last one. Entries that
// suddenly grow are then few, and the next read asks for fewer.
function countAfter(entries: readonly RawEntry[]): number {
  const bytes = entries.reduce((sum, [, fields]) => sum + (fields.at(-1)?.length ?? 0), 0);
  const ahead = Math.max(FEW, Math.min(2 * entries.length, MANY));
  return Math.max(1, Math.min(ahead, Math.floor((BYTES * entries.length) / Math.max(1, bytes))));
}
