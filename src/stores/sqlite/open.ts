import { asError, BusError, given } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { isBusy, isLostAnswer, openDatabase, type SqliteDatabase } from "./driver.ts";
import { createTables, isKnown, Tables, versionOf } from "./tables.ts";
import { Occupied, PATIENCE, Transactions } from "./transactions.ts";

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
export async function openFile(source: Source, clock: Clock, use: (file: OpenFile) => Promise<void>): Promise<void> {
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
    await use({ db, tables, transactions, close });
  } catch (error) {
    leave();
    if (error instanceof BusError) throw error;
    throw failure(`SQLite could not open ${given(db.name)}`, error);
  }
}

/** A `store` error that says what could not be done, and why. */
export function failure(sentence: string, cause: unknown): BusError {
  const locked = isBusy(cause) || cause instanceof Occupied;
  const reason = isBusy(cause)
    ? `it was locked by somebody else for more than ${PATIENCE / 1000} s`
    : asError(cause).message;
  return new BusError("store", `${sentence}: ${reason}`, { cause, refused: !isLostAnswer(cause), unavailable: locked });
}

/** What is to be reported of what failed in the background. A lock is no trouble: it is tried again soon. */
export function outage(error: unknown): BusError | undefined {
  if (isBusy(error) || error instanceof Occupied) return undefined;
  return error instanceof BusError ? error : failure("SQLite failed in the background", error);
}

async function openTables(
  db: SqliteDatabase,
  durability: "full" | "normal" | undefined,
  transactions: Transactions,
  clock: Clock,
): Promise<Tables> {
  const version = await transactions.patiently(() => versionOf(db));
  if (!isKnown(version)) {
    throw new BusError(
      "store",
      `${given(db.name)} was written by a newer nightbus (its tables have version ${version}): update nightbus`,
    );
  }
  if (durability !== undefined) {
    await transactions.patiently(() => db.pragma("journal_mode = wal"));
    db.pragma(`synchronous = ${durability}`);
    db.pragma(`journal_size_limit = ${LONGEST_WAL}`);
  }
  return transactions.patiently(() => {
    if (version === undefined) transactions.write(() => createTables(db, () => clock.base()));
    return new Tables(db);
  });
}

async function checkpoint(db: SqliteDatabase, transactions: Transactions): Promise<void> {
  await transactions.patiently(() => db.pragma("wal_checkpoint(truncate)"));
}
