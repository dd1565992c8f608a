import type Database from "better-sqlite3";
import { giveIds } from "../../src/stores/shared/given-ids.ts";
import { connectionOf } from "../../src/stores/sqlite/drivers/open.ts";
import { createTables, Tables } from "../../src/stores/sqlite/tables.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { openByHand, ownFolder } from "../sqlite-files.ts";

// Looks inside, because a bus trims half a second later, so that no send waits for it.

const KEPT = 1_000_000;
const CHANNELS = 10_000;
const BATCH = 1_000;
const BATCHES = 5;
/** The channels of rows that follow each other are not neighbours in an index. */
const STRIDE = 7_919;

/** Sends and trims at a million rows, each channel's watermark included, beside a table with an index on (channel, id). */
export async function* lines(): AsyncGenerator<Line> {
  const folder = ownFolder();
  const [ours, again] = [new Ours(folder.file("ours.db")), new Ours(folder.file("again.db"))];
  const theirs = new Indexed(folder.file("theirs.db"));
  const bare = new Bare(folder.file("bare.db"));
  let runs = 0;
  try {
    yield await compare({
      id: "S3",
      workload: "steady send and trim at 1,000,000 rows on 10,000 channels",
      beside: "a table indexed on (channel, id), no watermarks",
      ours: () => steady(runs++ % 2 === 0 ? ours : again),
      rival: () => steady(theirs),
      target: { atLeast: 8 },
      count: BATCH * BATCHES,
      of: "row",
    });
    yield await compare({
      id: "S3",
      workload: "floor: the same rows in a table without that index, trimmed by their range",
      beside: "a table indexed on (channel, id), no watermarks",
      ours: () => steady(bare),
      rival: () => steady(theirs),
      target: undefined,
      isSpeed: true,
      count: BATCH * BATCHES,
      of: "row",
    });
  } finally {
    for (const table of [ours, again, theirs, bare]) table.close();
    folder.remove();
  }
}

interface Table {
  newest: number;
  insert(first: number, count: number): void;
  /** Forgets the oldest rows. */
  trim(first: number, count: number): void;
  readonly size: () => unknown;
}

function steady(table: Table): Ready<unknown> {
  return {
    go() {
      for (let batch = 0; batch < BATCHES; batch += 1) {
        const first = table.newest + 1;
        table.insert(first, BATCH);
        table.trim(first - KEPT, BATCH);
        table.newest += BATCH;
      }
    },
    result: () => table.size(),
  };
}

/** The tables of the SQLite store, filled. */
class Ours implements Table {
  newest = KEPT;
  readonly size: () => unknown;
  readonly #db: Database.Database;
  readonly #tables: Tables;

  constructor(path: string) {
    this.#db = openByHand(path);
    const connection = connectionOf(this.#db)!;
    createTables(connection, () => 1);
    this.#tables = new Tables(connection);
    this.size = sizeOf(this.#db, "nightbus_rows");
    for (let first = 1; first < KEPT; first += BATCH) this.insert(first, BATCH);
  }

  insert(first: number, count: number): void {
    this.#db.transaction(() => {
      const rows = giveIds([rowsFrom(first, count)], { first, at: first }).rows;
      for (const row of rows) this.#tables.insert(row);
      this.#tables.setLast(first + count - 1, first);
    })();
  }

  trim(first: number, count: number): void {
    const ids = Array.from({ length: count }, (_, index) => first + index);
    this.#db.transaction(() => this.#tables.trim({ ids, keys: ids.map(keyOf), forgotten: [], floor: 0 }))();
  }

  close(): void {
    this.#db.close();
  }
}

/** A table by hand, whose primary key is its only index. */
class Bare implements Table {
  newest = KEPT;
  readonly size: () => unknown;
  protected readonly db: Database.Database;
  readonly #insert: Database.Statement;
  readonly #delete: Database.Statement;

  constructor(path: string, index = "") {
    this.db = openByHand(path);
    this.db.exec(`
      create table sent (id integer primary key, key text not null, json text not null, at integer not null, send integer not null);
      ${index}
    `);
    this.#insert = this.db.prepare("insert into sent (id, key, json, at, send) values (?, ?, ?, ?, ?)");
    this.#delete = this.db.prepare("delete from sent where id between ? and ?");
    this.size = sizeOf(this.db, "sent");
    for (let first = 1; first < KEPT; first += BATCH) this.insert(first, BATCH);
  }

  insert(first: number, count: number): void {
    this.db.transaction(() => {
      rowsFrom(first, count).forEach(({ key, json }, index) => {
        this.#insert.run(first + index, key, json, first, first);
      });
    })();
  }

  trim(first: number, count: number): void {
    this.#delete.run(first, first + count - 1);
  }

  close(): void {
    this.db.close();
  }
}

/** The table that one would make. */
class Indexed extends Bare {
  readonly #deleteOne: Database.Statement;

  constructor(path: string) {
    super(path, "create index sent_by_channel on sent (key, id);");
    this.#deleteOne = this.db.prepare("delete from sent where id = ?");
  }

  override trim(first: number, count: number): void {
    this.db.transaction(() => {
      for (let id = first; id < first + count; id += 1) this.#deleteOne.run(id);
    })();
  }
}

function sizeOf(db: Database.Database, table: string): () => unknown {
  // A count would read everything.
  const ends = db.prepare(`select (select max(id) from ${table}) - (select min(id) from ${table}) + 1 as size`);
  return () => ends.get();
}

function rowsFrom(first: number, count: number): readonly { readonly key: string; readonly json: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    key: keyOf(first + index),
    json: JSON.stringify({ from: "user 7", text: `hello, this is message ${first + index}` }),
  }));
}

function keyOf(id: number): string {
  return JSON.stringify(`channel ${(id * STRIDE) % CHANNELS}`);
}
