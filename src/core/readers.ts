import { closed } from "../errors.ts";
import { Answer } from "../log/answer.ts";
import type { Log } from "../log/log.ts";
import { canMiss } from "../log/missed.ts";
import type { Query } from "../log/query.ts";
import type { Signal } from "../util/abort.ts";
import type { Clock } from "../util/clock.ts";
import { unlessAborted } from "../util/signals.ts";
import type { Answering } from "../waiters/answers.ts";
import type { Line } from "../waiters/waiter.ts";
import { Waiters } from "../waiters/waiters.ts";
import { Watchers } from "../waiters/watchers.ts";
import { type Feeding, Following, type PageBounds } from "./following.ts";
import type { Channel, Ingest } from "./ingest.ts";
import type { Meter } from "./meter.ts";
import type { Probe } from "./probe.ts";

/** The parts of a hub that readers need. */
export interface ReadersOptions {
  readonly clock: Clock;
  readonly log: Log<Line>;
  readonly ingest: Pick<Ingest, "end" | "before" | "inTurn">;
  readonly meter: Meter;
  /** Resolves after a sync of the store, even if the log still ends before this position; undefined if the log has it. Rejects with `store`. */
  readonly reach: (last: number) => Promise<void> | undefined;
  /** Returns true once the hub refuses new readers. */
  readonly isClosing: () => boolean;
  readonly probe: () => Probe | undefined;
  /** Receives each error that a follower throws. */
  readonly failed: (thrown: unknown) => void;
}

/** The place of a reader among those that wait. */
export interface WaitingPlace {
  /** Called before each wait of the reader. A reader that it refuses, by throwing, does not wait. */
  take(): void;
}

/** The terms on which a follower waits for the store. */
export interface FollowTerms {
  /** The reader, whose signal ends the wait with its reason. Only a wait asks for the signal, because sockets make it at the first use. */
  readonly reader?: { readonly signal: Signal };
  readonly place?: WaitingPlace;
}

/** The terms on which a poll waits. */
export interface PollTerms<T> {
  /** The longest wait, in ms; may be Infinity. */
  readonly timeout: number;
  readonly signal: Signal | undefined;
  /** Turns an answer into the poll's result. `release` finds parked polls by this function. */
  readonly form: (answer: Answer) => T;
  readonly place?: WaitingPlace | undefined;
  /** True if the poll continues an earlier one. The meter counts both as one, and a closing hub still answers it. */
  readonly goesOn?: boolean;
  /** True if the reader waits elsewhere after an empty answer. The meter then counts the poll as parked. */
  readonly waitsElsewhere?: boolean;
}

/**
 * Serves readers: a poll reads or parks, a follower reads or watches. Reading and parking are one synchronous step, so
 * no commit comes between them. `Following` does the same with reading and watching.
 */
export class Readers {
  readonly #options: ReadersOptions;
  readonly #waiters: Waiters<Channel, Answer>;
  readonly #watchers: Watchers<Channel, Answer>;
  readonly #feeding: Feeding;

  constructor(options: ReadersOptions) {
    const { clock, log, ingest, meter } = options;
    this.#options = options;
    const answering = (count: (readers: number) => void): Answering<Channel, Answer> => ({
      get before() {
        return ingest.before;
      },
      answer: (channels, after, reading) => log.since(channels, after, reading),
      nothing: () => this.nothing(),
      left: (channel) => log.release(channel),
      endTick: () => ingest.end(),
      inTurn: (work) => count(ingest.inTurn(work)),
    });
    this.#waiters = new Waiters<Channel, Answer>(
      clock,
      answering((polls) => meter.countWake(polls, 0)),
    );
    this.#watchers = new Watchers<Channel, Answer>(
      answering((streams) => meter.countWake(0, streams)),
      options.failed,
    );
    this.#feeding = {
      read: (query) => this.#read(query),
      watch: (keys, watcher) => this.#watchers.add(this.#channels(keys), watcher),
      unwatch: (watching) => this.#watchers.remove(watching),
      newest: () => log.newest,
    };
  }

  /** The number of parked polls. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Reads, or waits for something to read. Throws or rejects with `closed`, `store`, the signal's reason, or an error
   * of its place.
   */
  poll<T>(query: Query, terms: PollTerms<T>): T | Promise<T> {
    const { signal, timeout, place, goesOn } = terms;
    const { clock } = this.#options;
    if (goesOn !== true) this.#check(signal);
    const reaching = goesOn === true ? undefined : this.#options.reach(query.last);
    if (reaching === undefined) return this.#readOrPark(query, terms);
    const reached = reachedUnlessAborted(reaching, signal);
    place?.take();
    const deadline = clock.monotonic() + timeout;
    return reached.then(() => {
      const left = Math.max(0, deadline - clock.monotonic());
      return this.#readOrPark(query, { ...terms, timeout: left });
    });
  }

  /**
   * Returns a follower that stands at this position. Throws or rejects with `closed`, `store`, the signal's reason, or an
   * error of its place.
   */
  follow(
    keys: readonly string[],
    last: number,
    bounds: PageBounds,
    terms: FollowTerms = {},
  ): Following | Promise<Following> {
    this.#check(undefined);
    const following = new Following(this.#feeding, keys, last, bounds);
    const reaching = this.#options.reach(last);
    if (reaching === undefined) return following;
    const reached = reachedUnlessAborted(reaching, terms.reader?.signal);
    terms.place?.take();
    return reached.then(() => following);
  }

  /** Returns the newest `count` rows of these channels. */
  recent(keys: readonly string[], count: number): Answer {
    this.#options.ingest.end();
    return this.#options.log.recent(keys, count);
  }

  /** Returns an answer without rows, for a reader that has everything. */
  nothing(): Answer {
    return new Answer([], this.#options.log.newest, false);
  }

  /** Answers the parked polls and hands followers the news. Returns how many of each. Later turns answer the rest of a crowd. */
  wake(touched: ReadonlySet<Channel>): { readonly polls: number; readonly streams: number } {
    const parked = this.waiting;
    this.#waiters.wake(touched);
    const polls = parked - this.waiting;
    return { polls, streams: this.#watchers.wake(touched) };
  }

  /** The id after which readers have yet to be answered in a later turn; Infinity if there are none. */
  get kept(): number {
    return Math.min(this.#waiters.calledAfter, this.#watchers.toldAfter);
  }

  /** Answers now the readers that would be answered in a later turn. */
  flush(): void {
    this.#waiters.flush();
    this.#watchers.flush();
  }

  /** Answers the parked polls of this form with nothing, as at the end. */
  release(form: unknown): void {
    this.#options.ingest.end();
    this.#waiters.release(form);
  }

  /** Answers every parked poll with nothing. */
  close(): void {
    this.flush();
    this.#waiters.close();
  }

  #check(signal: Signal | undefined): void {
    if (this.#options.isClosing()) throw closed();
    if (signal?.aborted) throw signal.reason;
  }

  #readOrPark<T>(query: Query, terms: PollTerms<T>): T | Promise<T> {
    const { timeout, form, place, goesOn, waitsElsewhere } = terms;
    const { meter } = this.#options;
    const answer = this.#read(query) ?? (timeout === 0 ? this.nothing() : undefined);
    if (answer === undefined) place?.take();
    const result = answer === undefined ? this.#park(query, terms) : form(answer);
    // The meter comes last: its subscribers may poll, and a commit between the read and the parking would be lost.
    const isParked = waitsElsewhere === true && answer?.rows.length === 0;
    if (goesOn !== true) meter.countPoll(query.keys, isParked ? undefined : answer);
    return result;
  }

  #read(query: Query): Answer | undefined {
    this.#options.ingest.end();
    return this.#options.log.read(query);
  }

  #park<T>({ keys, limit, size = Number.POSITIVE_INFINITY, last }: Query, terms: PollTerms<T>): Promise<T> {
    const { timeout, signal, form } = terms;
    const { clock, isClosing, probe } = this.#options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    // The call came before the end. The poll gets the answer that the polls parked at the end get.
    if (isClosing()) return Promise.resolve(form(this.nothing()));
    const deadline = clock.monotonic() + timeout;
    const channels = this.#channels(keys);
    const answer = this.#waiters.park({ channels, limit, size, exact: canMiss(last), deadline, signal, form });
    probe()?.onPark(keys, last, deadline, answer);
    return answer;
  }

  #channels(keys: readonly string[]): readonly Channel[] {
    return keys.map((key) => this.#options.log.channel(key));
  }
}

function reachedUnlessAborted(reaching: Promise<void>, signal: Signal | undefined): Promise<void> {
  const reached = unlessAborted(reaching, signal);
  reached.catch(() => {}); // the place may refuse the reader, and then nobody awaits this promise
  return reached;
}
