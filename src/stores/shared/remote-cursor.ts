import type { LogState, Row, StoreSink } from "../../store.ts";
import { SingleFlight } from "../../util/single-flight.ts";
import { handOver, isComplete, type News } from "./news.ts";

/** Rows that came after an id, as one moment of the engine saw them. */
export interface Page {
  /** The identity of the log. A log that was made anew has another. */
  readonly identity: string;
  /** The id after which the log begins. */
  readonly begin: number;
  readonly rows: readonly Row[];
  /** The newest committed id. */
  readonly last: number;
  /** The id up to which the page has all rows. */
  readonly end: number;
}

/** A whole log. */
export interface Replay {
  readonly identity: string;
  readonly state: LogState;
  readonly pages: readonly (readonly Row[])[];
}

/** The reads of an engine. Each rejects with the engine's error. */
export interface RemoteLog<P extends Page> {
  /** The rows after this id, each send whole. Undefined if there is no log. */
  page(seen: number): Promise<P | undefined>;
  /** All news after `seen`, for a page that lacks ids. Undefined if the log does not go on from `seen`. */
  news(page: P, seen: number): Promise<News | undefined>;
  /** The log from its beginning. */
  replay(): Promise<Replay>;
  /** Makes the log anew if it is gone. */
  recreate(): Promise<void>;
}

/** The position of this process in a log on an engine. All rows up to it were handed over. */
export class RemoteCursor<P extends Page = Page> {
  readonly #sink: StoreSink;
  readonly #log: RemoteLog<P>;
  readonly #reads = new SingleFlight(() => this.#read());
  #seen: number | undefined;
  #identity = "";
  /** True once a log was handed over. From then on, a log that is gone is restored. */
  #isOpen = false;

  constructor(sink: StoreSink, log: RemoteLog<P>) {
    this.#sink = sink;
    this.#log = log;
  }

  /** The newest id that was handed over. Undefined while the log of that id is gone. */
  get seen(): number | undefined {
    return this.#seen;
  }

  /** Hands over all commits before the call. The first call replays the log. Rejects with the engine's error. */
  catchUp(): Promise<void> {
    return this.#reads.run();
  }

  /** Hands over news that directly follow `seen`. */
  handOver(news: News): void {
    handOver(news, this.#sink);
    this.#seen = news.last;
  }

  async #read(): Promise<void> {
    for (;;) {
      const from = this.#seen;
      if (from === undefined) return this.#isOpen ? this.#startOver() : this.#replay();
      const page = await this.#log.page(from);
      if (page === undefined || !this.#goesOn(page, from)) return this.#startOver();
      // If news were handed over meanwhile, the next round reads the page again.
      if (this.#seen === from && page.last > from && !(await this.#take(page, from))) return this.#startOver();
      if (page.last <= this.#seen!) return;
    }
  }

  #goesOn({ identity, begin, last }: Page, from: number): boolean {
    return identity === this.#identity && last >= from && begin <= from;
  }

  /** Hands over a page. False if the log does not go on from `from`. */
  async #take(page: P, from: number): Promise<boolean> {
    const { rows, end } = page;
    if (isComplete(from, { last: end, gaps: [], rows })) {
      this.handOver({ last: end, floor: 0, gaps: [], rows, watermarks: undefined });
      return true;
    }
    const news = await this.#log.news(page, from);
    if (this.#seen !== from) return true;
    if (news === undefined) return false;
    this.handOver(news);
    return true;
  }

  // The log lacks what was handed over: the engine was emptied, failed over, or restored from an older copy.
  async #startOver(): Promise<void> {
    this.#seen = undefined; // no commit from now on follows it
    await this.#log.recreate();
    await this.#replay();
  }

  // All pages are handed over in one turn, since readers of the log before may be waiting.
  async #replay(): Promise<void> {
    const { identity, state, pages } = await this.#log.replay();
    this.#sink.reset(state);
    for (const page of pages) if (page.length > 0) this.#sink.add(page);
    this.#seen = state.last;
    this.#identity = identity;
    this.#isOpen = true;
  }
}
