import type { Gap, LogState, Row, StoreSink } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { SingleFlight } from "../../util/single-flight.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { handOver, isComplete, type News } from "../shared/news.ts";
import type { Ask, Engine, Gone, Page } from "./engine.ts";
import type { Entry } from "./entries.ts";

export interface CursorOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly sink: StoreSink;
  readonly time: EngineTime;
  readonly ask: Ask;
  /** Makes the log anew where it is gone. */
  readonly restore: () => Promise<void>;
}

/** All of a log that came after an id. */
interface All extends LogState, Gone {
  readonly life: string;
  readonly rows: readonly Row[];
}

/** Where this process stands in the log: what it has handed over, and what it has still to read. */
export class Cursor {
  readonly #options: CursorOptions;
  readonly #reads: SingleFlight;
  #seen: number | undefined;
  #life = "";
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

  /** Hands over what was committed before the call; the first time it replays the log. Rejects with the client's error. */
  catchUp(): Promise<void> {
    return this.#reads.run();
  }

  /** Hands over what was committed right after all that was handed over before. */
  handOver(news: News): void {
    handOver(news, this.#options.sink);
    this.#seen = news.last;
  }

  /** Hands over what the stream has told, and returns false when that is not all there is: then it has to be read. */
  heard(entries: readonly Entry[]): boolean {
    const rows: Row[] = [];
    const gaps: Gap[] = [];
    const { seen } = this;
    let last = seen;
    for (const { was, first, ...entry } of entries) {
      if (last === undefined || (entry.last > last && was !== last)) return false;
      if (entry.last <= last) continue; // it was sent here, or read meanwhile
      if (first > was + 1) gaps.push({ after: was, before: first });
      for (const row of entry.rows()) rows.push(row);
      ({ last } = entry);
    }
    if (last !== undefined && last !== seen) this.handOver({ last, floor: 0, gaps, rows, watermarks: undefined });
    return true;
  }

  async #read(): Promise<void> {
    for (;;) {
      const from = this.#seen;
      if (from === undefined) return this.#isOpen ? this.#startOver() : this.#replay();
      const page = await this.#page(from);
      if (page === undefined || page.life !== this.#life || page.last < from || page.begin > from)
        return this.#startOver();
      // Where something was handed over meanwhile, the page is read again.
      if (this.#seen === from && page.last > from && !(await this.#take(page, from))) return this.#startOver();
      if (page.last <= this.#seen!) return;
    }
  }

  async #page(seen: number, since?: number): Promise<Page | undefined> {
    const { engine, ask, time, clock } = this.#options;
    const asked = clock.monotonic();
    const page = await engine.page(ask, seen, since);
    if (page !== undefined) time.heard(page.now, asked);
    return page;
  }

  /** Hands over a page; false when it belongs to another log than what was seen. */
  async #take({ rows, end }: Page, from: number): Promise<boolean> {
    if (isComplete(from, { last: end, gaps: [], rows })) {
      this.handOver({ last: end, floor: 0, gaps: [], rows, watermarks: undefined });
      return true;
    }
    const all = await this.#all(from);
    if (this.#seen !== from) return true;
    if (all === undefined || all.life !== this.#life || all.last < from || all.begin > from) return false;
    if (all.gaps.some(({ after }) => after < from)) return false;
    this.handOver(isComplete(from, all) ? { ...all, watermarks: undefined } : all);
    return true;
  }

  /**
   * All that came after an id, as the moment of the last page saw it: no watermark in it lies beyond its rows, which a reader would
   * be told of before it can pass it. Undefined when there is no such log.
   */
  async #all(from: number): Promise<All | undefined> {
    const rows: Row[] = [];
    let end = from;
    let known: string | undefined;
    for (;;) {
      const page = await this.#page(end, from);
      if (page === undefined || page.life !== (known ?? page.life)) return undefined;
      for (const row of page.rows) rows.push(row);
      const { begin, life, gone } = page;
      ({ end } = page);
      known = life;
      if (gone === undefined) continue;
      const marks = new Map(gone.watermarks); // of what was trimmed since its page was read, too
      const alive = rows.filter(({ id, key }) => id > (marks.get(key) ?? 0));
      return { ...gone, begin, life, last: end, rows: alive };
    }
  }

  // What was handed over is not in the log any more: the engine was emptied, has failed over, or somebody trimmed the stream.
  async #startOver(): Promise<void> {
    this.#seen = undefined; // nothing that is committed meanwhile follows it
    await this.#options.restore();
    await this.#replay();
  }

  // All is handed over in one go, since readers of the log before may be waiting.
  async #replay(): Promise<void> {
    const { sink } = this.#options;
    const all = await this.#all(0);
    if (all === undefined) throw new Error("nightbus's keys are not there any more");
    const { rows, life, ...state } = all;
    sink.reset(state);
    if (rows.length > 0) sink.commit(rows);
    this.#seen = state.last;
    this.#life = life;
    this.#isOpen = true;
  }
}
