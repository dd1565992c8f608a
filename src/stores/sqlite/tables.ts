import type { Gap, Row, Trimmed, Watermark } from "../../store.ts";
import { MOST_GAPS } from "../../util/ids.ts";
import { givenOut, isComplete, type News, newestGone, newestTrimmed } from "../shared/news.ts";
import { PAGE_ROWS } from "../shared/page-size.ts";
import type { Columns, Connection, Statement } from "./drivers/driver.ts";

const VERSION = 1;

/** The row of `nightbus_meta`. */
export interface Meta {
  readonly begin: number;
  readonly last: number;
  readonly at: number;
  readonly floor: number;
}

/** The version of the tables in a file. Undefined if it has none. Throws SQLite's error, as for a file that is no database. */
export function versionOf(db: Connection): number | undefined {
  const table = db.prepare("select 1 from sqlite_master where type = 'table' and name = 'nightbus_meta'").get();
  if (table === undefined) return undefined;
  return db.prepare("select version from nightbus_meta").get()?.[0] as number | undefined;
}

/** True if this nightbus knows tables of this version. */
export function isKnown(version: number | undefined): boolean {
  return version === undefined || version <= VERSION;
}

/** Makes missing tables, with a log that begins at `begin()`. Inside a transaction. */
export function createTables(db: Connection, begin: () => number): void {
  db.exec(`
    create table if not exists nightbus_meta (
      version integer not null, begin integer not null, last integer not null, at integer not null, floor integer not null
    );
    create table if not exists nightbus_rows (
      id integer primary key, key text not null, json text not null, at integer not null, send integer not null
    );
    create table if not exists nightbus_holes (before integer primary key, after integer not null);
    create table if not exists nightbus_watermarks (key text primary key, id integer not null) without rowid;
  `);
  if (db.prepare("select 1 from nightbus_meta").get() !== undefined) return;
  db.exec("drop table if exists nightbus_keys"); // of another log
  const first = begin();
  db.prepare("insert into nightbus_meta values (?, ?, ?, 0, 0)").run(VERSION, first, first);
}

/**
 * The statements on nightbus's tables, prepared once. The tables have no index beside the primary keys, since the log in memory
 * is the index. One on (channel, id) would make each insert and each trim many times slower.
 */
export class Tables {
  readonly #prepare: (sql: string) => Statement;
  readonly #dataVersion: Statement;
  readonly #bytes: Statement;
  readonly #schemaVersion: Statement;
  readonly #meta: Statement;
  readonly #setMeta: Statement;
  readonly #raiseFloor: Statement;
  readonly #insertRow: Statement;
  readonly #insertGap: Statement;
  readonly #rowsAfter: Statement;
  readonly #page: Statement;
  readonly #gapsAfter: Statement;
  readonly #watermarksAfter: Statement;
  readonly #deleteRows: Statement;
  readonly #raiseWatermark: Statement;
  readonly #deleteWatermark: Statement;
  readonly #newestFolded: Statement;
  readonly #deleteGaps: Statement;
  readonly #raiseBegin: Statement;

  constructor(db: Pick<Connection, "prepare">) {
    this.#prepare = (sql) => db.prepare(sql);
    this.#dataVersion = this.#prepare("pragma data_version");
    this.#bytes = this.#prepare("select page_count * page_size from pragma_page_count, pragma_page_size");
    this.#schemaVersion = this.#prepare("pragma schema_version");
    this.#meta = this.#prepare("select begin, last, at, floor from nightbus_meta");
    this.#setMeta = this.#prepare("update nightbus_meta set last = ?, at = ?");
    this.#raiseFloor = this.#prepare("update nightbus_meta set floor = ? where floor < ?");
    this.#insertRow = this.#prepare("insert into nightbus_rows (id, key, json, at, send) values (?, ?, ?, ?, ?)");
    this.#insertGap = this.#prepare("insert into nightbus_holes (before, after) values (?, ?)");
    const columns = "select id, key, json, at, send from nightbus_rows where id > ? order by id";
    this.#rowsAfter = this.#prepare(columns);
    this.#page = this.#prepare(`${columns} limit ${PAGE_ROWS}`);
    this.#gapsAfter = this.#prepare("select after, before from nightbus_holes where before > ? order by before");
    this.#watermarksAfter = this.#prepare("select key, id from nightbus_watermarks where id > ?");
    this.#deleteRows = this.#prepare("delete from nightbus_rows where id between ? and ?");
    this.#raiseWatermark = this.#prepare(
      "insert into nightbus_watermarks (key, id) values (?, ?) on conflict do update set id = excluded.id where excluded.id > id",
    );
    this.#deleteWatermark = this.#prepare("delete from nightbus_watermarks where key = ? and id <= ?");
    this.#newestFolded = this.#prepare(
      `select before from nightbus_holes order by before desc limit 1 offset ${MOST_GAPS}`,
    );
    this.#deleteGaps = this.#prepare("delete from nightbus_holes where before <= ?");
    this.#raiseBegin = this.#prepare("update nightbus_meta set begin = max(begin, ?)");
  }

  /** A number that changes when another connection commits. */
  dataVersion(): number {
    const [version] = this.#dataVersion.get() as [number];
    return version;
  }

  /** The size of the database, in bytes. */
  bytes(): number {
    const [bytes] = this.#bytes.get() as [number];
    return bytes;
  }

  /** True if the file may become shorter without a vacuum. */
  isShrinking(): boolean {
    return this.#prepare("pragma auto_vacuum").get()?.[0] !== 0;
  }

  /** The version of the schema, of all tables in the file. A vacuum raises the version, too. */
  schemaVersion(): number {
    const [version] = this.#schemaVersion.get() as [number];
    return version;
  }

  meta(): Meta {
    const [begin, last, at, floor] = this.#meta.get() as [number, number, number, number];
    return { begin, last, at, floor };
  }

  gaps(): readonly Gap[] {
    return this.#gapsAfter.all(0).map(gapOf);
  }

  watermarks(): readonly Watermark[] {
    return this.#watermarksAfter.all(0) as unknown as readonly Watermark[];
  }

  /**
   * The newest id whose row another program removed without a watermark. Undefined if there is none. Below the newest watermark
   * such a row looks like a trimmed one. Inside a transaction.
   */
  takenAway(): number | undefined {
    const { begin, last, floor } = this.meta();
    const gaps = this.gaps();
    const from = newestTrimmed({ floor: Math.max(begin, floor), watermarks: this.watermarks() });
    const [count] = this.#prepare("select count(*) from nightbus_rows where id > ?").get(from) as [number];
    if (count === givenOut(from, last, gaps)) return undefined;
    const rows = this.#prepare("select id from nightbus_rows where id > ? order by id")
      .all(from)
      .map(([id]) => ({ id: id as number }));
    return newestGone(from, { last, gaps, rows });
  }

  /** Moves the beginning of the log to this id, so that older cursors get `missed`. Inside a transaction that writes. */
  beginAt(id: number): void {
    this.#raiseBegin.run(id);
  }

  /** All rows, a page at a time. Inside one transaction, so that the pages belong together. */
  *pages(): Generator<readonly Row[]> {
    let last = 0;
    for (;;) {
      const page = this.#page.all(last);
      if (page.length > 0) yield page.map(rowOf);
      if (page.length < PAGE_ROWS) return;
      last = page.at(-1)![0] as number;
    }
  }

  /** The commits after `seen`. Inside a transaction. */
  news(seen: number): News {
    const { last, floor } = this.meta();
    const gaps = this.#gapsAfter.all(seen).map(gapOf);
    const rows = this.#rowsAfter.all(seen).map(rowOf);
    if (isComplete(seen, { last, gaps, rows })) return { last, floor, gaps, rows, watermarks: undefined };
    // Watermarks up to `seen` are known. If some were dropped since, all that are left are read again.
    const watermarks = this.#watermarksAfter.all(floor > seen ? 0 : seen) as unknown as readonly Watermark[];
    const explained = newestTrimmed({ floor, watermarks });
    const gone = newestGone(seen, { last, gaps, rows });
    // A row without a watermark may have been on any channel, so the floor covers it.
    return { last, floor: gone > explained ? gone : floor, gaps, rows, watermarks };
  }

  insert({ id, key, json, at, send }: Row): void {
    this.#insertRow.run(id, key, json, at, send);
  }

  beginEpoch(gap: Gap): void {
    this.#insertGap.run(gap.before, gap.after);
    this.#foldGaps();
  }

  setLast(last: number, at: number): void {
    this.#setMeta.run(last, at);
  }

  /** Deletes rows, raises the watermarks of their channels, and drops forgotten watermarks that the floor covers. */
  trim({ ids, keys, forgotten, floor }: Trimmed): void {
    for (const [from, to] of consecutive(ids)) this.#deleteRows.run(from, to);
    const watermarks = new Map<string, number>();
    for (const [index, key] of keys.entries()) watermarks.set(key, ids[index]!);
    for (const [key, id] of watermarks) this.#raiseWatermark.run(key, id);
    if (forgotten.length > 0) this.#raiseFloor.run(floor, floor);
    for (const key of forgotten) this.#deleteWatermark.run(key, floor);
  }

  #foldGaps(): void {
    const folded = this.#newestFolded.get() as [before: number] | undefined;
    if (folded === undefined) return;
    this.#deleteGaps.run(...folded);
    this.beginAt(...folded);
  }
}

function rowOf(columns: Columns): Row {
  const [id, key, json, at, send] = columns as [number, string, string, number, number];
  return { id, key, json, at, send };
}

function gapOf(columns: Columns): Gap {
  const [after, before] = columns as [number, number];
  return { after, before };
}

/** Splits ids into ranges of consecutive ids. Trims by age, or by the total, mostly have long ranges. */
function* consecutive(ids: readonly number[]): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (let index = 1; index <= ids.length; index += 1) {
    if (ids[index] === ids[index - 1]! + 1) continue;
    yield [ids[from]!, ids[index - 1]!];
    from = index;
  }
}
