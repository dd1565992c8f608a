import type { Gap, LogState, Row, StoreSink } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import { isComplete, type News } from "../shared/news.ts";
import { RemoteCursor, type RemoteLog, type Replay } from "../shared/remote-cursor.ts";
import type { Ask, Engine, EnginePage, Gone } from "./engine.ts";
import type { Entry } from "./entries.ts";

/** The parts that a cursor of Redis needs. */
export interface CursorOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly sink: StoreSink;
  readonly time: EngineTime;
  readonly ask: Ask;
  /** Makes the log anew if it is gone. */
  readonly restore: () => Promise<void>;
}

/** Makes the cursor of a log in Redis. */
export function makeCursor(options: CursorOptions): RemoteCursor<EnginePage> {
  return new RemoteCursor(options.sink, new EngineLog(options));
}

/** Hands over entries from the stream. False if they leave out a commit, which then has to be read. */
export function take(cursor: RemoteCursor<EnginePage>, entries: readonly Entry[]): boolean {
  const rows: Row[] = [];
  const gaps: Gap[] = [];
  const { seen } = cursor;
  let last = seen;
  for (const { was, first, ...entry } of entries) {
    if (last === undefined || (entry.last > last && was !== last)) return false;
    if (entry.last <= last) continue; // this process sent it, or read it meanwhile
    if (first > was + 1) gaps.push({ after: was, before: first });
    for (const row of entry.rows()) rows.push(row);
    ({ last } = entry);
  }
  if (last !== undefined && last !== seen) cursor.handOver({ last, floor: 0, gaps, rows, watermarks: undefined });
  return true;
}

/** The part of a log after an id. */
interface Rest extends LogState, Gone {
  readonly identity: string;
  readonly rows: readonly Row[];
}

/** The log as the engine holds it. */
class EngineLog implements RemoteLog<EnginePage> {
  readonly #options: CursorOptions;
  readonly recreate: () => Promise<void>;

  constructor(options: CursorOptions) {
    this.#options = options;
    this.recreate = options.restore;
  }

  page(seen: number): Promise<EnginePage | undefined> {
    return this.#page(seen);
  }

  async news({ identity }: EnginePage, seen: number): Promise<News | undefined> {
    const rest = await this.#rest(seen);
    if (rest === undefined || rest.identity !== identity || rest.last < seen || rest.begin > seen) return undefined;
    if (rest.gaps.some(({ after }) => after < seen)) return undefined;
    return isComplete(seen, rest) ? { ...rest, watermarks: undefined } : rest;
  }

  async replay(): Promise<Replay> {
    const rest = await this.#rest(0);
    if (rest === undefined) throw new Error("nightbus's keys are missing");
    const { rows, identity, ...state } = rest;
    return { identity, state, pages: [rows] };
  }

  async #page(seen: number, since?: number): Promise<EnginePage | undefined> {
    const { engine, ask, time, clock } = this.#options;
    const asked = clock.monotonic();
    const page = await engine.page(ask, seen, since);
    if (page !== undefined) time.observe(page.now, asked);
    return page;
  }

  /**
   * The log after an id, as the moment of the last page saw it. The watermarks come with the last page, so that none lies above
   * the rows. Undefined if the log is gone, or changes meanwhile.
   */
  async #rest(from: number): Promise<Rest | undefined> {
    const rows: Row[] = [];
    let end = from;
    let known: string | undefined;
    for (;;) {
      const page = await this.#page(end, from);
      if (page === undefined || page.identity !== (known ?? page.identity)) return undefined;
      for (const row of page.rows) rows.push(row);
      const { begin, identity, gone } = page;
      ({ end } = page);
      known = identity;
      if (gone === undefined) continue;
      const marks = new Map(gone.watermarks); // some rows may be trimmed since their page was read
      const alive = rows.filter(({ id, key }) => id > (marks.get(key) ?? 0));
      return { ...gone, begin, identity, last: end, rows: alive };
    }
  }
}
