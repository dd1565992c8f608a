import { BusError, given } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { processWide } from "../../util/process-wide.ts";
import type { Connection, SqliteDatabase } from "./drivers/driver.ts";
import { openDatabase } from "./drivers/open.ts";
import { failure } from "./failures.ts";
import { createTables, isKnown, Tables, versionOf } from "./tables.ts";
import { Transactions } from "./transactions.ts";

/** The application's own database, or a file that the store opens and closes. */
export type Source =
  | { readonly db: Connection; readonly durability?: never }
  | { readonly db?: never; readonly path: string; readonly durability: "full" | "normal" };

/** A database that is open, with nightbus's tables in it. */
export interface OpenFile {
  readonly db: Connection;
  readonly tables: Tables;
  readonly transactions: Transactions;
  /**
   * Copies the write-ahead log into the file and closes it. Leaves the application's database open. Rejects with SQLite's
   * error.
   */
  close(): Promise<void>;
}

/** The size, in bytes, to which a copied write-ahead log is cut. A long read of another program lets it grow. */
const LONGEST_WAL = 4 * 2 ** 20;

/** The handles that a bus of any copy of nightbus uses. A second bus on the same connection would not notice the commits of the first. */
const taken = processWide("sqlite", () => new WeakSet<SqliteDatabase>());

/** Opens a file, or takes a handle, for `use`. Rejects with `store`, and then holds nothing open. */
export async function openFile<T>(source: Source, clock: Clock, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const isOurs = source.db === undefined;
  const db = source.db ?? (await openDatabase(source.path));
  if (taken.has(db.handle)) {
    throw new BusError("store", "another bus uses this database handle: share that bus, or give each its own handle");
  }
  taken.add(db.handle);
  const leave = (): void => {
    taken.delete(db.handle);
    if (isOurs) db.close();
    else db.release?.();
  };
  try {
    const transactions = new Transactions({ db, clock, isOurs });
    const tables = await openTables(db, source.durability, transactions, clock);
    const close = (): Promise<void> => (isOurs ? checkpoint(db, transactions) : Promise.resolve()).finally(leave);
    return await use({ db, tables, transactions, close });
  } catch (error) {
    leave();
    throw failure(`SQLite could not open ${named(db)}`, error);
  }
}

async function openTables(
  db: Connection,
  durability: "full" | "normal" | undefined,
  transactions: Transactions,
  clock: Clock,
): Promise<Tables> {
  const version = await transactions.retry(() => versionOf(db));
  if (!isKnown(version)) {
    throw new BusError(
      "store",
      `${named(db)} was written by a newer nightbus (its tables have version ${version}): update nightbus`,
    );
  }
  if (durability !== undefined) {
    await transactions.retry(() => db.exec("pragma journal_mode = wal"));
    db.exec(`pragma synchronous = ${durability}`);
    db.exec(`pragma journal_size_limit = ${LONGEST_WAL}`);
  }
  return transactions.retry(() => {
    if (version === undefined) transactions.write(() => createTables(db, () => clock.base()));
    return new Tables(db);
  });
}

async function checkpoint(db: Connection, transactions: Transactions): Promise<void> {
  await transactions.retry(() => db.exec("pragma wal_checkpoint(truncate)"));
}

function named({ path = ":memory:" }: Connection): string {
  return given(path);
}
