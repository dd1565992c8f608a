import type { Answer } from "../log/answer.ts";
import type { Known, Query } from "../log/query.ts";
import { UP_TO_DATE, type Watcher, type Watching } from "../waiters/watchers.ts";
import type { Channel } from "./ingest.ts";

/** The bounds of a follower's pages. Followers with the same bounds share one object. */
export interface PageBounds {
  /** The most rows of a page. */
  readonly limit: number;
  /** The most text of a page, in UTF-16 units. A first send that is larger comes whole. */
  readonly size: number;
  /** The largest age of a row when reading from 0, in ms. Default: any age. */
  readonly lookback?: number;
}

/** The receiver of a follower's news. */
export interface Taker {
  /** Takes news. Returns false to leave the news in the log: the follower stops watching, and `next` reads them later. */
  take(answer: Answer): boolean;
}

/** The log as a follower sees it. */
export interface Feeding {
  read(query: Query): Answer | undefined;
  /** Hands the watcher the news of each tick from now on, until `unwatch`. */
  watch(keys: readonly string[], watcher: Watcher<Answer>): Watching<Channel, Answer>;
  /** Stops a watcher. A second call does nothing. */
  unwatch(watching: Watching<Channel, Answer>): void;
  newest(): number;
}

/**
 * A reader without an end: it catches up page by page, then takes the news of each tick. A follower queues nothing,
 * because the log is its buffer.
 */
export class Following implements Watcher<Answer> {
  readonly #feeding: Feeding;
  readonly #keys: readonly string[];
  readonly #bounds: PageBounds;
  #last: number;
  #known: Known | undefined = undefined;
  #taker: Taker | undefined = undefined;
  #watching: Watching<Channel, Answer> | undefined = undefined;

  /** `last` is the position up to which the follower has everything. */
  constructor(feeding: Feeding, keys: readonly string[], last: number, bounds: PageBounds) {
    this.#feeding = feeding;
    this.#keys = keys;
    this.#last = last;
    this.#bounds = bounds;
  }

  /** The position up to which rows were handed over. */
  get last(): number {
    return this.#last;
  }

  /** True while `take` receives the news. */
  get isWatching(): boolean {
    return this.#watching !== undefined;
  }

  /** Moves to another position, before the first page. */
  begin(last: number): void {
    this.#last = last;
  }

  /** Returns the next page without moving past it. */
  peek(): Answer | undefined {
    const { limit, size, lookback = Number.POSITIVE_INFINITY } = this.#bounds;
    return this.#feeding.read({ keys: this.#keys, last: this.#last, known: this.#known, lookback, limit, size });
  }

  /**
   * Returns the next page and moves past it. Without a page it returns undefined, and the taker receives the news from
   * now on.
   */
  next(taker: Taker): Answer | undefined {
    const answer = this.peek();
    if (answer !== undefined) {
      this.#pass(answer);
      return answer;
    }
    this.#last = this.#feeding.newest();
    this.#taker = taker;
    this.#watching = this.#feeding.watch(this.#keys, this);
    return undefined;
  }

  /** Takes the news of one tick. */
  hear(news: Answer): void {
    if (this.#taker?.take(news) === true) this.#pass(news);
    else this.stop();
  }

  /** Moves to the newest id, if the follower has everything up to it. */
  moveToNewest(): void {
    if (this.#watching?.after === UP_TO_DATE) this.#last = this.#feeding.newest();
  }

  /** Stops watching. A second call does nothing. */
  stop(): void {
    if (this.#watching !== undefined) this.#feeding.unwatch(this.#watching);
    this.#watching = undefined;
  }

  #pass(answer: Answer): void {
    this.#last = answer.last;
    this.#known = answer.known;
  }
}
