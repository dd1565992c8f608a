import { gaveOut } from "../../clock.ts";
import { asError, BusError, given } from "../../errors.ts";
import type { Hole, PendingRow, Row, Store, StoreSink, Trimmed } from "../../store.ts";
import { failure, isBusy, openDatabase, type SqliteDatabase } from "./driver.ts";
import { createTables, isKnown, type News, Tables, versionOf } from "./tables.ts";
import { Tail } from "./tail.ts";
import { PATIENCE, Transactions } from "./transactions.ts";
import { Trimmer } from "./trimmer.ts";

/** A database of the application's, or a file that is ours to open and to close. */
export type Source =
  | { readonly db: SqliteDatabase; readonly durability?: never }
  | { readonly db?: never; readonly path: string; readonly durability: "full" | "normal" };

/** What is there once the file is open. */
interface Opened {
  readonly db: SqliteDatabase;
  readonly sink: StoreSink;
  readonly tables: Tables;
  readonly transactions: Transactions;
  readonly trimmer: Trimmer;
}

/**
 * The store on SQLite. Committing and handing over happen in one turn of the event loop, so that nothing that others do is seen
 * in between.
 */
export class SqliteStore implements Store {
  readonly maxRows = 128;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly #source: Source;
  #opened: Opened | undefined;
  #tail: Tail | undefined;
  /** Everything up to here has been handed over. */
  #seen = 0;
  #version = 0;
  /** Whether this process has begun its run of ids. */
  #running = false;
  #troubled = false;

  constructor(source: Source) {
    this.#source = source;
  }

  async open(sink: StoreSink): Promise<void> {
    const db = this.#source.db ?? (await openDatabase(this.#source.path));
    try {
      this.#opened = await this.#prepare(db, sink);
      await this.#opened.transactions.patiently(() => this.#replay());
    } catch (error) {
      if (this.#source.db === undefined) db.close();
      throw error instanceof BusError
        ? error
        : failure(`SQLite could not open ${given(db.name)}: ${reason(error)}`, error);
    }
    if (!db.memory) this.#tail = new Tail({ clock: sink.clock, path: db.name, look: () => this.#look() });
  }

  async append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    const { transactions } = this.#there();
    try {
      return await transactions.patiently(() => this.#commit(sends));
    } catch (error) {
      throw failure(`SQLite could not commit: ${reason(error)}`, error);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#there().transactions.patiently(() => this.#catchUp());
    } catch (error) {
      throw failure(`SQLite could not read what was committed: ${reason(error)}`, error);
    }
  }

  trim(trimmed: Trimmed): void {
    this.#there().trimmer.add(trimmed);
  }

  async close(): Promise<void> {
    const { db, transactions, trimmer } = this.#there();
    this.#tail?.stop();
    try {
      await trimmer.finish();
      if (this.#source.db === undefined) await transactions.patiently(() => db.pragma("wal_checkpoint(truncate)"));
    } catch (error) {
      throw failure(`SQLite could not tidy up while closing, and will at the next opening: ${reason(error)}`, error);
    } finally {
      if (this.#source.db === undefined) db.close();
    }
  }

  async #prepare(db: SqliteDatabase, sink: StoreSink): Promise<Opened> {
    const { clock } = sink;
    const transactions = new Transactions(db, clock);
    const version = await transactions.patiently(() => versionOf(db));
    if (!isKnown(version)) {
      throw new BusError(
        "store",
        `${given(db.name)} was written by a newer nightbus (its tables have version ${version}): update nightbus`,
      );
    }
    const { durability } = this.#source;
    if (durability !== undefined) {
      await transactions.patiently(() => db.pragma("journal_mode = wal"));
      db.pragma(`synchronous = ${durability}`);
    }
    if (version === undefined) await transactions.write(() => createTables(db, () => clock.base()));
    const tables = new Tables(db);
    const trimmer = new Trimmer({ clock, tables, transactions, failed: (error) => this.#report(error) });
    return { db, sink, tables, transactions, trimmer };
  }

  #replay(): void {
    const { sink, tables, transactions } = this.#there();
    this.#version = tables.dataVersion();
    transactions.readNow(() => {
      const { begin, last, floor } = tables.meta();
      sink.opened({ begin, last, floor, holes: tables.holes(), watermarks: tables.watermarks() });
      for (const page of tables.pages()) sink.commit(page);
      this.#seen = last;
    });
  }

  #commit(sends: readonly (readonly PendingRow[])[]): readonly (readonly number[])[] {
    const { sink, transactions } = this.#there();
    const commit = transactions.writeNow(() => this.#insert(sends));
    this.#troubled = false;
    this.#running = true;
    if (commit.news !== undefined) this.#handOver(commit.news);
    if (commit.hole !== undefined) sink.began(commit.hole);
    sink.commit(commit.rows);
    this.#seen = commit.rows.at(-1)!.id;
    gaveOut(this.#seen);
    return commit.ids;
  }

  #insert(sends: readonly (readonly PendingRow[])[]): Commit {
    const { sink, tables } = this.#there();
    const meta = tables.meta();
    const news = meta.last === this.#seen ? undefined : tables.news(this.#seen);
    const at = Math.max(meta.at, sink.clock.now());
    const before = this.#running ? meta.last + 1 : Math.max(meta.last + 1, sink.clock.base());
    const hole = before > meta.last + 1 ? { after: meta.last, before } : undefined;
    if (hole !== undefined) tables.beginRun(hole);
    const rows: Row[] = [];
    const ids = sends.map((send) => {
      const first = before + rows.length;
      const inserted = tables.insert(send, first, at);
      for (const row of inserted) rows.push(row);
      return inserted.map((row) => row.id);
    });
    tables.setLast(rows.at(-1)!.id, at);
    return { news, hole, rows, ids };
  }

  /** Looks for what others committed, in passing: what goes wrong is reported, and the next look tries again. */
  #look(): boolean {
    const { tables, transactions } = this.#there();
    if (transactions.occupied) return false;
    try {
      if (tables.dataVersion() === this.#version) return false;
      return this.#catchUp();
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  #catchUp(): boolean {
    const { tables, transactions } = this.#there();
    const version = tables.dataVersion();
    const news = transactions.readNow(() => tables.news(this.#seen));
    this.#version = version;
    this.#troubled = false;
    if (news.last <= this.#seen) return false;
    this.#handOver(news);
    return true;
  }

  #handOver({ last, floor, holes, rows, watermarks }: News): void {
    const { sink } = this.#there();
    for (const hole of holes) sink.began(hole);
    if (watermarks !== undefined) sink.trimmed({ last, floor, watermarks });
    if (rows.length > 0) sink.commit(rows);
    this.#seen = last;
  }

  /** Reports trouble once, until something works again. A lock is no trouble here: it is tried again soon. */
  #report(error: unknown): void {
    if (isBusy(error) || this.#troubled) return;
    this.#troubled = true;
    this.#there().sink.error(failure(`SQLite failed in the background: ${reason(error)}`, error));
  }

  #there(): Opened {
    if (this.#opened === undefined) throw new Error("a store is used only after it has opened");
    return this.#opened;
  }
}

interface Commit {
  /** What others committed before. */
  readonly news: News | undefined;
  readonly hole: Hole | undefined;
  readonly rows: readonly Row[];
  readonly ids: readonly (readonly number[])[];
}

function reason(error: unknown): string {
  const seconds = PATIENCE / 1000;
  return isBusy(error) ? `it was locked by somebody else for more than ${seconds} s` : asError(error).message;
}
