import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import type { Outage } from "../shared/outage.ts";
import { PollLoop } from "../shared/poll-loop.ts";
import type { RemoteCursor } from "../shared/remote-cursor.ts";
import { Pauses } from "../shared/retry.ts";
import { take } from "./cursor.ts";
import type { EnginePage } from "./engine.ts";
import { type Entry, entriesOf, type RawEntry } from "./entries.ts";
import type { Link } from "./link.ts";

/** How long a read waits for something to come, and how often one looks all the same, in ms. */
const BEAT = 5_000;

/** How much later than that an answer may come, in ms, before its connection is taken for dead. */
const GRACE = 2_000;

/** The entries of one read: after little has come, at the most, and of how many bytes together, as far as can be foreseen. */
const FEW = 8;
const MANY = 100;
const BYTES = 2 ** 22;

export interface FeedOptions {
  readonly clock: Clock;
  /** A connection of its own, which waits. */
  readonly link: Link;
  readonly log: string;
  readonly cursor: RemoteCursor<EnginePage>;
  /** Finds the server that commits again. */
  readonly renew: () => void;
  readonly outage: Outage;
}

/** Hears what is committed, by a read that waits; and looks when its connection was lost, and every five seconds all the same. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #pauses = new Pauses();
  readonly #polls: PollLoop;
  #timer: Timer | undefined;
  #count = FEW;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { clock, cursor, outage } = options;
    this.#polls = new PollLoop({ clock, outage, pause: () => BEAT, work: () => cursor.catchUp() });
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
      outage.begin(error);
      this.#again();
    }
  }

  /** Whether the server that waits did not hear what was handed over meanwhile: it is one that had written before a failover. */
  #isBehind(from: number | undefined): boolean {
    const { seen } = this.#options.cursor;
    return from !== undefined && seen !== undefined && seen > from;
  }

  /** Whether the server that waits has what the one that commits has not, or that one does not answer. */
  #isAhead(entries: readonly Entry[]): boolean {
    const { seen } = this.#options.cursor;
    return seen !== undefined && (entries.at(-1)?.last ?? 0) > seen;
  }

  /** What comes after an id. Where that is of a log that is gone, nothing is waited for. */
  async #wait(seen: number | undefined): Promise<readonly Entry[]> {
    const { link, log } = this.#options;
    const from = seen === undefined ? "$" : `${seen}-0`;
    const wait = seen === undefined ? 100 : BEAT;
    const command = ["XREAD", "COUNT", `${this.#count}`, "BLOCK", `${wait}`, "STREAMS", log, from];
    const found = (await link.ask(command, BEAT + GRACE)) as readonly [string, readonly RawEntry[]][] | null; // as Redis answers
    const entries = found?.[0]?.[1] ?? [];
    this.#count = countAfter(entries);
    return entriesOf(entries);
  }

  #again(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(async () => {
      await this.#polls.look(); // at what came meanwhile
      void this.#listen();
    }, this.#pauses.take());
    keepAlive(this.#timer, false);
  }
}

// Redis counts entries and not bytes. A read looks no further ahead than twice what has just come: then entries that are suddenly
// large cannot be many more than those before, and the next read is of as few as they are large.
function countAfter(entries: readonly RawEntry[]): number {
  const bytes = entries.reduce((sum, [, fields]) => sum + (fields.at(-1)?.length ?? 0), 0);
  const ahead = Math.max(FEW, Math.min(2 * entries.length, MANY));
  return Math.max(1, Math.min(ahead, Math.floor((BYTES * entries.length) / Math.max(1, bytes))));
}
