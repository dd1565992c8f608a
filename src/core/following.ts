import type { Answer } from "../log/answer.ts";
import type { Known, Query } from "../log/query.ts";

/** The position and the bounds with which a follower begins. */
export interface Start {
  readonly keys: readonly string[];
  /** The id of the last row that it has. */
  readonly last: number;
  /** The most rows of a page. */
  readonly limit: number;
  /** The most text of a page, in UTF-16 units. A first send that is larger comes whole. */
  readonly size: number;
}

/** Takes news. Returns false to leave the news in the log: the follower stops watching, and `next` reads them later. */
export type Take = (answer: Answer) => boolean;

/** The two ways in which a follower gets rows. */
export interface Feeding {
  read(query: Query): Answer | undefined;
  /** Calls `take` with the news of each tick from now on. Returns a function that stops it. */
  watch(keys: readonly string[], take: (answer: Answer) => void): () => void;
  newest(): number;
}

/**
 * A reader without an end: it catches up page by page, then takes the news of each tick. A follower queues nothing,
 * because the log is its buffer.
 */
export class Following {
  readonly #feeding: Feeding;
  readonly #start: Start;
  #last: number;
  #known: Known | undefined = undefined;
  #unwatch: (() => void) | undefined = undefined;

  constructor(feeding: Feeding, start: Start) {
    this.#feeding = feeding;
    this.#start = start;
    this.#last = start.last;
  }

  /** The position up to which rows were handed over. */
  get last(): number {
    return this.#last;
  }

  /** True while `take` receives the news. */
  get isWatching(): boolean {
    return this.#unwatch !== undefined;
  }

  /** Returns the next page without moving past it. */
  peek(): Answer | undefined {
    const { keys, limit, size } = this.#start;
    const last = this.#last;
    return this.#feeding.read({ keys, last, known: this.#known, limit, size, lookback: Number.POSITIVE_INFINITY });
  }

  /** Returns the next page and moves past it. Without a page it returns undefined, and `take` receives the news from now on. */
  next(take: Take): Answer | undefined {
    const answer = this.peek();
    if (answer !== undefined) {
      this.#pass(answer);
      return answer;
    }
    this.#last = this.#feeding.newest();
    this.#unwatch = this.#feeding.watch(this.#start.keys, (news) => {
      if (take(news)) this.#pass(news);
      else this.stop();
    });
    return undefined;
  }

  /** Moves to the newest id, if the follower has everything up to it. */
  rest(): void {
    if (this.isWatching) this.#last = this.#feeding.newest();
  }

  /** Stops watching. A second call does nothing. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #pass(answer: Answer): void {
    this.#last = answer.last;
    this.#known = answer.known;
  }
}
