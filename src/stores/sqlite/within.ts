import { statSync } from "node:fs";
import { asError, BusError } from "../../errors.ts";
import { isDatabase, type SqliteDatabase } from "./driver.ts";
import { Tables } from "./tables.ts";

const prepared = new WeakMap<SqliteDatabase, Tables>();

/**
 * Writes into the application's transaction, and returns the result of `write`. The database has the same file open as `db`.
 * Throws `bad_transaction` or `store`, so that better-sqlite3 rolls the transaction back.
 */
export function writeWithin(transaction: unknown, db: SqliteDatabase, write: (tables: Tables) => number): number {
  if (!isDatabase(transaction)) throw refusal("sendwithin takes a better-sqlite3 database inside a transaction");
  if (!transaction.inTransaction) throw refusal("sendwithin is called inside a transaction, and none has begun");
  if (transaction !== db && !haveOneFile(transaction, db)) {
    throw refusal("sendwithin takes a database on the same file as the bus's, and this is another one");
  }
  try {
    return write(tablesOf(transaction));
  } catch (cause) {
    const sentence = "SQLite could not write into your transaction, so roll it back";
    throw new BusError("store", `${sentence}: ${asError(cause).message}`, { cause, refused: true });
  }
}

function tablesOf(db: SqliteDatabase): Tables {
  const known = prepared.get(db);
  if (known !== undefined) return known;
  const tables = new Tables(db);
  prepared.set(db, tables);
  return tables;
}

function haveOneFile(one: SqliteDatabase, other: SqliteDatabase): boolean {
  if (one.memory || other.memory) return false;
  const [a, b] = [fileOf(one), fileOf(other)];
  return a.dev === b.dev && a.ino === b.ino;
}

function fileOf(db: SqliteDatabase): { readonly dev: bigint; readonly ino: bigint } {
  const [main] = db.pragma("database_list") as [{ readonly file: string }]; // an absolute path
  return statSync(main.file, { bigint: true });
}

function refusal(sentence: string): BusError {
  return new BusError("bad_transaction", sentence);
}
