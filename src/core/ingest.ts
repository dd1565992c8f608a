import { asError } from "../errors.ts";
import type { LogChannel } from "../log/channel.ts";
import type { Log } from "../log/log.ts";
import type { SharedRow } from "../log/row.ts";
import type { Notification } from "../notification.ts";
import type { Gap, LogState, Row, StoreSink, Unseen } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import type { Line } from "../waiters/waiter.ts";
import type { Claim } from "./claim.ts";

/** A channel of the log, with the line of its waiters. */
export type Channel = LogChannel<Line>;

/** A callback on this promise runs at the end of the tick. Fake timers hold up queueMicrotask, but not this. */
const OVER = Promise.resolve();

/**
 * The position of readers whose log was replaced by another. The position lies before all positions, so these readers have missed
 * something.
 */
const ANOTHER_LOG = -1;

/** The log that takes the rows, and the parts that hear of them. */
export interface IngestOptions {
  readonly clock: Clock;
  readonly log: Log<Line>;
  /** Wakes the readers of the touched channels. The only code of the application that it calls is a socket's `alive` and `onMissed`. */
  readonly wake: (touched: ReadonlySet<Channel>) => void;
  /** Answers now the readers who would be answered in a later turn. */
  readonly flush: () => void;
  /** Returns the id after which readers have yet to be answered; Infinity if all are. */
  readonly kept: () => number;
  /** Called after the log has changed and evicted its surplus. */
  readonly changed: () => void;
  /** Returns true if `notify` has to be called. */
  readonly listening: () => boolean;
  readonly notify: (notification: Notification) => void;
  readonly error: (error: Error) => void;
}

/**
 * Receives the rows that the store hands over. All commits of one tick are one piece of news. At the tick's end readers
 * are answered first, and the log evicts after that: a reader who is present misses nothing.
 *
 * Callbacks of the application run only between complete steps, because a callback may poll, and a poll ends the tick.
 */
export class Ingest implements StoreSink {
  readonly clock: Clock;
  readonly #options: IngestOptions;
  readonly #touched = new Set<Channel>();
  /** The newest id before this tick's commits; undefined between two ticks. */
  #before: number | undefined;
  #isLive = false;
  /** The id of the newest row of this log that the store has handed over. */
  #handed = 0;
  /** The newest id at the opening of the log. Rows up to here are no news. */
  #replayed = 0;
  /** The rows of the present run of listeners, told or not. Rows that arrive meanwhile join its end. */
  #untold: SharedRow[] | undefined;
  /** Errors that arose while readers were woken. They are reported afterwards. */
  readonly #unreported: Error[] = [];
  #isWaking = false;
  #claim: Claim | undefined;

  constructor(options: IngestOptions) {
    this.clock = options.clock;
    this.#options = options;
  }

  /** Hands the rows of this part over to it from now on. */
  claim(claim: Claim): void {
    this.#claim = claim;
    this.#options.log.setApart((key) => claim.fits(key));
  }

  reset(state: LogState): void {
    if (this.#isLive) {
      this.end();
      this.#options.flush();
      this.#begin();
      this.#before = state.last > 0 ? ANOTHER_LOG : 0; // every log is read from 0, so a reader from 0 misses nothing
    }
    this.#replayed = state.last;
    this.#handed = 0;
    this.#options.log.reset(state, this.#touched);
    this.#claim?.reset();
  }

  beginEpoch(gap: Gap): void {
    this.#options.log.beginEpoch(gap);
  }

  noteTrims(unseen: Unseen): void {
    if (this.#isLive) {
      this.end(); // waiting readers first get the rows from before
      this.#options.flush();
    }
    this.#begin();
    const { newest } = this.#options.log;
    this.#options.log.noteTrims(unseen, this.#touched);
    this.#claim?.noteTrims(unseen, newest);
  }

  add(given: readonly Row[]): void {
    const { log, listening } = this.#options;
    // An engine hands a row over again if it does not know that the row arrived.
    const rows = (given[0]?.id ?? 0) > this.#handed ? given : given.filter(({ id }) => id > this.#handed);
    const newest = rows.at(-1);
    if (newest === undefined) return;
    this.#handed = newest.id;
    this.#begin();
    log.append(rows, this.#touched);
    this.#claim?.take(rows);
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

  /** Ends the replay. A replay is one long tick of which no listener hears. */
  goLive(): void {
    this.end();
    this.#options.log.time(); // the log reports steps of the clock from here on
    this.#isLive = true;
  }

  /** Ends the tick, if one is under way. Does nothing while readers are woken: the log has their rows already. */
  end(): void {
    if (this.#before === undefined || this.#isWaking) return;
    const { log, changed } = this.#options;
    const decided = log.decide(this.#touched);
    // If `retention.of` polled, that poll has ended this tick without the limits of these channels.
    if (this.#before === undefined) log.evict(decided, this.#options.kept());
    else this.#end();
    changed();
  }

  #end(): void {
    const { kept, log, wake } = this.#options;
    this.#isWaking = true;
    log.keep(Math.min(this.before, kept())); // a reader that is woken may read, and rows may have come too old
    try {
      wake(this.#touched);
      log.evict(this.#touched, kept());
    } finally {
      this.#touched.clear();
      this.#before = undefined;
      this.#isWaking = false;
    }
    this.#report();
    // Sends that follow each other without a pause leave no turn to the rest of a crowd.
    if (log.isOverfull) this.#options.flush();
  }

  #report(): void {
    if (this.#unreported.length > 0) for (const error of this.#unreported.splice(0)) this.error(error);
  }

  /** The newest id before this tick's commits, else the newest. */
  get before(): number {
    return this.#before ?? this.#options.log.newest;
  }

  /** Runs work that answers readers in a later turn than that of the commit. Returns what the work does. */
  inTurn(work: () => number): number {
    const { log, kept, changed } = this.#options;
    this.#isWaking = true;
    try {
      return work();
    } finally {
      log.evict([], kept());
      this.#isWaking = false;
      changed();
      this.#report();
    }
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

  /** Tells listeners of the newest rows. Rows that arrive meanwhile follow them, so that listeners hear one order. */
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
      this.error(thrown as Error); // a stored message that is not JSON
    }
  }
}
