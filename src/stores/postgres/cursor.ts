import type { StoreSink } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { isComplete, isStolen, type News, widthOf } from "../shared/news.ts";
import { RemoteCursor, type RemoteLog, type Replay } from "../shared/remote-cursor.ts";
import { isLogGone, sqlState } from "./failures.ts";
import type { Ask, Tables, TablesPage } from "./tables.ts";

/** The parts that a cursor of Postgres needs. */
export interface CursorOptions {
  readonly clock: Clock;
  readonly tables: Tables;
  readonly sink: StoreSink;
  readonly time: EngineTime;
  readonly ask: Ask;
  /** Makes the log anew if it is gone. */
  readonly restore: () => Promise<void>;
  /** Called when the outbox holds something. */
  readonly commitOutbox: () => void;
  /** Called when the outbox holds nothing. */
  readonly outboxIsEmpty: () => void;
  /** Called when a page came from a server that does not commit, since another server may. */
  readonly doubtServer: () => void;
}

/** Makes the cursor of a log in Postgres. */
export function makeCursor(options: CursorOptions): RemoteCursor<TablesPage> {
  return new RemoteCursor(options.sink, new TablesLog(options));
}

/** The log as the tables hold it. */
class TablesLog implements RemoteLog<TablesPage> {
  readonly #options: CursorOptions;
  readonly recreate: () => Promise<void>;

  constructor(options: CursorOptions) {
    this.#options = options;
    this.recreate = options.restore;
  }

  async page(seen: number): Promise<TablesPage | undefined> {
    const { tables, ask, time, clock, commitOutbox, outboxIsEmpty, doubtServer } = this.#options;
    const asked = clock.monotonic();
    try {
      const page = await tables.page(ask, seen);
      if (page !== undefined) time.observe(page.now, asked);
      if (page?.isReadOnly === true) doubtServer();
      else if (page?.hasOutbox === true) commitOutbox();
      else if (page !== undefined) outboxIsEmpty();
      return page;
    } catch (error) {
      if (isLogGone(error)) return undefined;
      throw error;
    }
  }

  async news({ rows, end }: TablesPage, seen: number): Promise<News | undefined> {
    const state = await this.#options.tables.state(this.#options.ask, seen);
    if (state === undefined) return undefined;
    const gaps = state.gaps.filter(({ before }) => before <= end);
    if (gaps.some(({ after }) => after < seen)) return undefined;
    const { floor, watermarks } = state;
    const news = { last: end, floor, gaps, rows, watermarks };
    if (isComplete(seen, news)) return { ...news, watermarks: undefined };
    return isStolen(news) ? undefined : news;
  }

  // The state is read after the rows, so that it has the watermark of each row that was trimmed meanwhile.
  async replay(): Promise<Replay> {
    const { tables, ask } = this.#options;
    const pages: TablesPage[] = [];
    let end = 0;
    for (let last = 1; end < last; ) {
      const page = await this.page(end);
      if (page === undefined) throw missing();
      ({ end, last } = page);
      pages.push(page);
    }
    const state = await tables.state(ask, 0);
    if (state === undefined) throw missing();
    const { origin, gone, floor, watermarks } = state;
    const gaps = state.gaps.filter(({ before }) => before <= end);
    const rows = pages.reduce((sum, page) => sum + page.rows.length, 0);
    const isWhole = end - origin - widthOf(gaps) - rows <= gone || !(await this.#mend());
    const begin = isWhole ? state.begin : end;
    return {
      identity: `${origin}`,
      state: { begin, last: end, gaps, floor, watermarks },
      pages: pages.map((page) => page.rows),
    };
  }

  // A log that cannot be written stays as it is, and each process that opens it notices the loss itself. Functions of an older
  // version count no rows, so that none is known to be missing.
  async #mend(): Promise<boolean> {
    try {
      await this.#options.tables.mend(this.#options.ask);
    } catch (error) {
      if (sqlState(error) === undefined) throw error;
      return !isLogGone(error);
    }
    return true;
  }
}

function missing(): Error {
  return new Error("nightbus's tables are missing");
}
