import { asError } from "../errors.ts";
import type { Answer } from "../log/answer.ts";
import type { LogChannel } from "../log/channel.ts";
import type { Log } from "../log/log.ts";
import type { SharedRow } from "../log/row.ts";
import type { Notification } from "../notification.ts";
import type { Gap, LogState, Row, StoreSink, Unseen } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import type { Reading } from "../waiters/answers.ts";
import type { Line } from "../waiters/waiters.ts";

/** A channel of the log, with the line of those who wait on it. */
export type Channel = LogChannel<Line>;

/** What is hung on it comes at the end of the tick. Unlike queueMicrotask, it is not held up by fake timers. */
const OVER = Promise.resolve();

/** Where those stand who waited on a log that is another now: before all its positions, so that they have missed something. */
const ANOTHER_LOG = -1;

export interface IngestOptions {
  readonly clock: Clock;
  readonly log: Log<Line>;
  /** Tells those who wait or watch which channels were touched. Calls nothing of the application. */
  readonly wake: (touched: ReadonlySet<Channel>) => void;
  /** The log has changed, and evicted what it had to. */
  readonly changed: () => void;
  /** Whether anyone wants `notify` to be called. */
  readonly listening: () => boolean;
  readonly notify: (notification: Notification) => void;
  readonly error: (error: Error) => void;
}

/**
 * Takes what the store hands over. All that it commits in one tick is one piece of news: at the tick's end those who wait are
 * answered, and only then is anything evicted, so that a reader who is present misses nothing.
 *
 * The application's callbacks run where nothing is half done, since they may poll, which ends the tick.
 */
export class Ingest implements StoreSink {
  readonly clock: Clock;
  readonly #options: IngestOptions;
  readonly #touched = new Set<Channel>();
  /** Where the log stood before this tick's commits; undefined between two ticks. */
  #before: number | undefined;
  #isLive = false;
  /** The newest row that the store has handed over of this log. */
  #handed = 0;
  /** Up to here the log was there when it was opened, which is no news. */
  #replayed = 0;
  /** The rows that listeners are still to be told of, while one of them is told. */
  #untold: SharedRow[] | undefined;
  /** Errors that came up while readers were woken, which are reported after that. */
  readonly #unreported: Error[] = [];
  #isWaking = false;

  constructor(options: IngestOptions) {
    this.clock = options.clock;
    this.#options = options;
  }

  reset(state: LogState): void {
    if (this.#isLive) {
      this.end();
      this.#begin();
      this.#before = state.last > 0 ? ANOTHER_LOG : 0; // 0 is where all logs are read from, and never missed
    }
    this.#replayed = state.last;
    this.#handed = 0;
    this.#options.log.open(state, this.#touched);
  }

  beginEpoch(gap: Gap): void {
    this.#options.log.began(gap);
  }

  forget(unseen: Unseen): void {
    if (this.#isLive) this.end(); // who waits is first given what was there before
    this.#begin();
    this.#options.log.lost(unseen, this.#touched);
  }

  commit(given: readonly Row[]): void {
    const { log, listening } = this.#options;
    // What an engine does not know to have arrived it may hand over again.
    const rows = (given[0]?.id ?? 0) > this.#handed ? given : given.filter(({ id }) => id > this.#handed);
    const newest = rows.at(-1);
    if (newest === undefined) return;
    this.#handed = newest.id;
    this.#begin();
    log.append(rows, this.#touched);
    const isNews = this.#isLive && newest.id > this.#replayed;
    if (isNews && listening()) this.#notify(rows.length);
  }

  time(): number {
    return Math.floor(this.#options.log.time());
  }

  error(error: Error): void {
    if (this.#isWaking) this.#unreported.push(error);
    else this.#options.error(error);
  }

  /** The replay, which is one long tick of which nobody is notified, is over. */
  goLive(): void {
    this.end();
    this.#options.log.time(); // steps of the clock are told from here on
    this.#isLive = true;
  }

  /** Ends the tick, if one is under way. */
  end(): void {
    if (this.#before === undefined) return;
    const { log, changed } = this.#options;
    const decided = log.decide(this.#touched);
    // A callback that polled has ended this tick, while these channels had no limits yet.
    if (this.#before === undefined) log.evict(decided);
    else this.#end();
    changed();
  }

  #end(): void {
    const { log, wake } = this.#options;
    this.#isWaking = true;
    try {
      wake(this.#touched);
      log.evict(this.#touched);
    } finally {
      this.#touched.clear();
      this.#before = undefined;
      this.#isWaking = false;
    }
    if (this.#unreported.length > 0) for (const error of this.#unreported.splice(0)) this.error(error);
  }

  /** What came on these channels in this tick; undefined when that does not concern the reader. */
  since(channels: readonly Channel[], reading: Reading): Answer | undefined {
    const { log } = this.#options;
    return log.since(channels, this.#before ?? log.newest, reading);
  }

  #begin(): void {
    if (this.#before !== undefined) return;
    this.#before = this.#options.log.newest;
    if (!this.#isLive) return;
    OVER.then(this.#over);
  }

  readonly #over = (): void => {
    try {
      this.end();
    } catch (error) {
      this.error(asError(error));
    }
  };

  /** Tells listeners of the newest rows. Rows that come up meanwhile are told of after them, so that the order is one. */
  #notify(count: number): void {
    const rows = this.#options.log.tail(count);
    if (this.#untold !== undefined) {
      for (const row of rows) this.#untold.push(row);
      return;
    }
    this.#untold = [...rows];
    try {
      for (const row of this.#untold) this.#tell(row);
    } finally {
      this.#untold = undefined;
    }
  }

  #tell(row: SharedRow): void {
    const { notify } = this.#options;
    try {
      notify(row.notification);
    } catch (thrown) {
      this.error(thrown as Error); // a stored message that is no JSON
    }
  }
}
