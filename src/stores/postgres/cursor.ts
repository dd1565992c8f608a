import type { Row, StoreSink } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { SingleFlight } from "../../util/single-flight.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { handOver, isComplete, isTaken, type News, widthOf } from "../shared/news.ts";
import { isGone, sqlState } from "./failures.ts";
import type { Ask, Page, Tables } from "./tables.ts";

export interface CursorOptions {
  readonly clock: Clock;
  readonly tables: Tables;
  readonly sink: StoreSink;
  readonly time: EngineTime;
  readonly ask: Ask;
  /** Makes the log anew where it is gone. */
  readonly restore: () => Promise<void>;
  /** Something waits in the outbox. */
  readonly waiting: () => void;
  /** A page came from a server that does not commit: another may be the one that does. */
  readonly readOnly: () => void;
}

/** Where this process stands in the log: what it has handed over, and what it has still to read. */
export class Cursor {
  readonly #options: CursorOptions;
  readonly #reads: SingleFlight;
  #seen: number | undefined;
  #origin = 0;
  /** Whether a log was handed over: if it is gone, and could not be made anew, that has to be tried again. */
  #isOpen = false;

  constructor(options: CursorOptions) {
    this.#options = options;
    this.#reads = new SingleFlight(() => this.#read());
  }

  /** The newest id that was handed over; undefined when that belongs to a log that is gone. */
  get seen(): number | undefined {
    return this.#seen;
  }

  /** Hands over what was committed before the call; the first time it replays the log. Rejects with pg's error. */
  catchUp(): Promise<void> {
    return this.#reads.run();
  }

  /** Hands over what this process itself has committed right after all that it had seen. */
  handOver(news: News): void {
    handOver(news, this.#options.sink);
    this.#seen = news.last;
  }

  async #read(): Promise<void> {
    for (;;) {
      const from = this.#seen;
      if (from === undefined) return this.#isOpen ? this.#startOver() : this.#replay();
      const page = await this.#page(from);
      if (page === undefined || page.origin !== this.#origin || page.last < from) return this.#startOver();
      // Where our own commit came first, the page is read again.
      if (this.#seen === from && page.last > from && !(await this.#take(page, from))) return this.#startOver();
      if (page.last <= this.#seen!) return;
    }
  }

  async #page(seen: number): Promise<Page | undefined> {
    const { tables, ask, time, clock, waiting, readOnly } = this.#options;
    const asked = clock.monotonic();
    try {
      const page = await tables.page(ask, seen);
      if (page !== undefined) time.heard(page.now, asked);
      if (page?.isReadOnly === true) readOnly();
      else if (page?.waits === true) waiting();
      return page;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** Hands over a page; false when it belongs to another log than what was seen. */
  async #take({ rows, end }: Page, from: number): Promise<boolean> {
    if (isComplete(from, { last: end, gaps: [], rows })) {
      this.handOver({ last: end, floor: 0, gaps: [], rows, watermarks: undefined });
      return true;
    }
    const state = await this.#options.tables.state(this.#options.ask, from);
    if (this.#seen !== from) return true;
    const gaps = (state?.gaps ?? []).filter(({ before }) => before <= end);
    if (state === undefined || gaps.some(({ after }) => after < from)) return false;
    const watermarks = isComplete(from, { last: end, gaps, rows }) ? undefined : state.watermarks;
    if (watermarks !== undefined && isTaken({ ...state, last: end, gaps, rows })) return false;
    this.handOver({ last: end, floor: state.floor, gaps, rows, watermarks });
    return true;
  }

  // A log that cannot be written stays as it is: each process that opens it later finds out for itself.
  // Functions of an older version have counted nothing: then nothing is known to be missing.
  async #mend(): Promise<boolean> {
    try {
      await this.#options.tables.mend(this.#options.ask);
    } catch (error) {
      if (sqlState(error) === undefined) throw error;
      return !isGone(error);
    }
    return true;
  }

  // What was handed over is not in the log any more: the engine was restored from an older copy, or emptied.
  async #startOver(): Promise<void> {
    this.#seen = undefined; // nothing that is committed meanwhile follows it
    await this.#options.restore();
    await this.#replay();
  }

  // The state is read after the rows: what was trimmed meanwhile has its watermark in it. All is handed over in one go, since
  // readers of the log before may be waiting.
  async #replay(): Promise<void> {
    const { tables, ask, sink } = this.#options;
    const pages: (readonly Row[])[] = [];
    let end = 0;
    for (let last = 1; end < last; ) {
      const page = await this.#page(end);
      if (page === undefined) throw new Error("nightbus's tables are not there any more");
      ({ end, last } = page);
      if (page.rows.length > 0) pages.push(page.rows);
    }
    const state = await tables.state(ask, 0);
    if (state === undefined) throw new Error("nightbus's tables are not there any more");
    const gaps = state.gaps.filter(({ before }) => before <= end);
    const rows = pages.reduce((sum, page) => sum + page.length, 0);
    const isWhole = end - state.origin - widthOf(gaps) - rows <= state.gone || !(await this.#mend());
    const { floor, watermarks } = state;
    sink.reset({ begin: isWhole ? state.begin : end, last: end, gaps: gaps, floor, watermarks });
    for (const page of pages) sink.commit(page);
    this.#seen = end;
    this.#origin = state.origin;
    this.#isOpen = true;
  }
}
