import { BusError, given } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { openDatabase, type SqliteDatabase } from "./driver.ts";
import { failure } from "./failures.ts";
import { createTables, isKnown, Tables, versionOf } from "./tables.ts";
import { Transactions } from "./transactions.ts";

/** A database of the application's, or a file that is ours to open and to close. */
export type Source =
  | { readonly db: SqliteDatabase; readonly durability?: never }
  | { readonly db?: never; readonly path: string; readonly durability: "full" | "normal" };

/** A database that is open, with nightbus's tables in it. */
export interface OpenFile {
  readonly db: SqliteDatabase;
  readonly tables: Tables;
  readonly transactions: Transactions;
  /** Brings everything into the database proper and closes it, unless it is the application's. Rejects with SQLite's error. */
  close(): Promise<void>;
}

/** The write-ahead log is cut to so many bytes once it was copied: while an outside reader reads on, it grows. */
const LONGEST_WAL = 4 * 2 ** 20;

/** Connections of applications that a bus uses: what one bus commits on a connection is no news to another one there. */
const taken = new WeakSet<SqliteDatabase>();

/** Opens a file or takes a handle, and hands it to `use`. Rejects with `store`, and holds nothing open then. */
export async function openFile<T>(source: Source, clock: Clock, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const isOurs = source.db === undefined;
  const db = source.db ?? (await openDatabase(source.path));
  if (taken.has(db)) {
    throw new BusError("store", "another bus uses this database handle: share that bus, or give each its own handle");
  }
  taken.add(db);
  const leave = (): void => {
    taken.delete(db);
    if (isOurs) db.close();
  };
  try {
    const transactions = new Transactions({ db, clock, isOurs });
    const tables = await openTables(db, source.durability, transactions, clock);
    const close = (): Promise<void> => (isOurs ? checkpoint(db, transactions) : Promise.resolve()).finally(leave);
    return await use({ db, tables, transactions, close });
  } catch (error) {
    leave();
    throw failure(`SQLite could not open ${given(db.name)}`, error);
  }
}

async function openTables(
  db: SqliteDatabase,
  durability: "full" | "normal" | undefined,
  transactions: Transactions,
  clock: Clock,
): Promise<Tables> {
  const version = await transactions.retry(() => versionOf(db));
  if (!isKnown(version)) {
    throw new BusError(
      "store",
      `${given(db.name)} was written by a newer nightbus (its tables have version ${version}): update nightbus`,
    );
  }
  if (durability !== undefined) {
    await transactions.retry(() => db.pragma("journal_mode = wal"));
    db.pragma(`synchronous = ${durability}`);
    db.pragma(`journal_size_limit = ${LONGEST_WAL}`);
  }
  return transactions.retry(() => {
    if (version === undefined) transactions.write(() => createTables(db, () => clock.base()));
    return new Tables(db);
  });
}

async function checkpoint(db: SqliteDatabase, transactions: Transactions): Promise<void> {
  await transactions.retry(() => db.pragma("wal_checkpoint(truncate)"));
}
