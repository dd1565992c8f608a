import { gaveOut } from "../../clock.ts";
import { BusError } from "../../errors.ts";
import type { PendingRow, Row, Store, StoreSink, Trimmed } from "../../store.ts";
import type { News } from "../shared/news.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Trouble } from "../shared/trouble.ts";
import { failure, type OpenFile, openFile, type Source, trouble } from "./file.ts";
import { Follower } from "./follower.ts";

/** What there is once the file is open. */
interface Opened {
  readonly file: OpenFile;
  readonly sink: StoreSink;
  readonly follower: Follower;
  readonly trimmer: Trimmer;
}

/** What one transaction of ours has done. */
interface Commit {
  /** What others had committed before. */
  readonly news: News | undefined;
  readonly ours: News;
  readonly ids: readonly (readonly number[])[];
}

/**
 * The store on SQLite. Committing and handing over happen in one turn of the event loop, so that nothing that others do is seen
 * in between.
 */
export class SqliteStore implements Store {
  readonly maxRows = 128;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly #source: Source;
  #isTaken = false;
  #opened: Opened | undefined;
  /** Whether this process has begun its run of ids. */
  #running = false;

  constructor(source: Source) {
    this.#source = source;
  }

  async open(sink: StoreSink): Promise<void> {
    if (this.#isTaken)
      throw new BusError("store", "this store serves another bus: share that bus, or make another store");
    this.#isTaken = true;
    const { clock } = sink;
    await openFile(this.#source, clock, async (file) => {
      const { tables, transactions } = file;
      const follower = new Follower(file, sink);
      await transactions.patiently(() => follower.start());
      const trimmer = new Trimmer({
        clock,
        trim(batch) {
          if (transactions.occupied) return false;
          transactions.write(() => tables.trim(batch));
          return true;
        },
        patiently: (work) => transactions.patiently(work),
        trouble: new Trouble((error) => sink.error(error), trouble),
      });
      this.#opened = { file, sink, follower, trimmer };
    });
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { file, follower } = this.#there();
    if (follower.displaced !== undefined) throw follower.displaced;
    try {
      return await file.transactions.patiently(() => {
        const { news, ours, ids } = file.transactions.write(() => this.#insert(sends));
        this.#running = true;
        gaveOut(ours.last);
        if (news !== undefined) follower.handOver(news);
        follower.handOver(ours);
        return ids;
      });
    } catch (error) {
      throw failure("SQLite could not commit", error);
    }
  }

  async sync(): Promise<void> {
    const { file, follower } = this.#there();
    try {
      await file.transactions.patiently(() => follower.catchUp());
    } catch (error) {
      throw failure("SQLite could not read what was committed", error);
    }
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async close(): Promise<void> {
    const { file, follower, trimmer } = this.#there();
    follower.stop();
    try {
      await trimmer.finish().finally(() => file.close());
    } catch (error) {
      throw failure("SQLite could not tidy up while closing, and will at the next opening", error);
    }
  }

  #insert(sends: readonly (readonly PendingRow[])[]): Commit {
    const { file, sink, follower } = this.#there();
    const { tables } = file;
    const { last, floor, ...meta } = tables.meta();
    const news = follower.news(last);
    const at = Math.max(meta.at, sink.clock.now());
    // A file that was restored from an older copy knows less than what was handed over, whose ids are not given out again.
    const goesOn = this.#running && last >= follower.seen;
    const first = goesOn ? last + 1 : Math.max(last + 1, follower.seen + 1, sink.clock.base());
    const holes = first > last + 1 ? [{ after: last, before: first }] : [];
    for (const hole of holes) tables.beginRun(hole);
    const rows: Row[] = [];
    const ids = sends.map((send) => {
      const inserted = tables.insert(send, first + rows.length, at);
      for (const row of inserted) rows.push(row);
      return inserted.map((row) => row.id);
    });
    const newest = first + rows.length - 1;
    tables.setLast(newest, at);
    return { news, ids, ours: { last: newest, floor, holes, rows, watermarks: undefined } };
  }

  #there(): Opened {
    if (this.#opened === undefined) throw new Error("a store is used only after it has opened");
    return this.#opened;
  }
}
