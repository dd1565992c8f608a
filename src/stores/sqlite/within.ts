import { statSync } from "node:fs";
import { asError, BusError } from "../../errors.ts";
import { type Connection, fileOf } from "./drivers/driver.ts";
import { connectionOf } from "./drivers/open.ts";
import { Tables } from "./tables.ts";

const prepared = new WeakMap<Connection, Tables>();
const files = new WeakMap<Connection, string | undefined>();

/**
 * Writes into the application's transaction, and returns the result of `write`. The handle has the same file open as `db`.
 * Throws `bad_transaction` or `store`, so that the transaction is rolled back.
 */
export function writeWithin(transaction: unknown, db: Connection, write: (tables: Tables) => number): number {
  const connection = connectionOf(transaction);
  if (connection === undefined) throw refusal("sendwithin takes a handle of SQLite inside a transaction");
  if (!connection.inTransaction) throw refusal("sendwithin is called inside a transaction, and none has begun");
  if (connection !== db && !haveOneFile(connection, db)) {
    throw refusal("sendwithin takes a database on the same file as the bus's, and this is another one");
  }
  if (connection.driver !== db.driver) throw refusal(twoLibraries(connection, db));
  try {
    return write(tablesOf(connection));
  } catch (cause) {
    const sentence = "SQLite could not write into your transaction, so roll it back";
    throw new BusError("store", `${sentence}: ${asError(cause).message}`, { cause, refused: true });
  }
}

function tablesOf(db: Connection): Tables {
  const known = prepared.get(db);
  if (known !== undefined) return known;
  const tables = new Tables(db);
  prepared.set(db, tables);
  return tables;
}

function haveOneFile(one: Connection, other: Connection): boolean {
  const [a, b] = [fileBehind(one), fileBehind(other)]; // absolute paths, because the process may change its folder
  if (a === undefined || b === undefined) return false;
  const [first, second] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })];
  return first.dev === second.dev && first.ino === second.ino;
}

function fileBehind(connection: Connection): string | undefined {
  if (!files.has(connection)) files.set(connection, fileOf(connection));
  return files.get(connection);
}

// Each copy of SQLite in a process drops the locks of the others on a file when it closes that file.
function twoLibraries(theirs: Connection, ours: Connection): string {
  return (
    `sendwithin takes a handle of the bus's driver, ${ours.driver}, and this is one of ${theirs.driver}: two drivers in one ` +
    "process would drop each other's locks. Open the bus with a handle of yours: sqlite(handle)"
  );
}

function refusal(sentence: string): BusError {
  return new BusError("bad_transaction", sentence);
}
