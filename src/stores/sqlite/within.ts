import { statSync } from "node:fs";
import { asError, BusError } from "../../errors.ts";
import type { Connection, Statement } from "./drivers/driver.ts";
import { connectionOf } from "./drivers/open.ts";
import type { OpenFile } from "./file.ts";
import { Tables } from "./tables.ts";

/** The connections over the application's handles, apart from those of buses. */
const connections = new WeakMap<object, Connection>();
const prepared = new WeakMap<Connection, Tables>();

/**
 * Writes into the application's transaction, and returns the result of `write`. The handle is the bus's own, or has the same
 * file open. Throws `bad_transaction` or `store`, so that the transaction is rolled back.
 */
export function writeWithin(transaction: unknown, file: OpenFile, write: (tables: Tables) => number): number {
  const isOwn = transaction === file.db.handle;
  const connection = isOwn ? file.db : connectionTo(transaction);
  check(connection, file.db);
  try {
    return write(isOwn ? file.tables : tablesOf(connection));
  } catch (cause) {
    if (cause instanceof BusError) throw cause;
    const sentence = "SQLite could not write into your transaction, so roll it back";
    throw new BusError("store", `${sentence}: ${asError(cause).message}`, { cause, refused: true });
  } finally {
    if (!isOwn) release(connection);
  }
}

function check(connection: Connection, ours: Connection): void {
  if (!isBegun(connection)) throw refusal("sendwithin is called inside a transaction, and none has begun");
  if (connection !== ours && !haveOneFile(connection, ours)) {
    throw refusal("sendwithin takes a database on the same file as the bus's, and this is another one");
  }
  if (connection.driver !== ours.driver) throw refusal(twoLibraries(connection, ours));
}

function connectionTo(handle: unknown): Connection {
  const known = connections.get(handle as object); // undefined for anything else
  if (known !== undefined) return known;
  const connection = open(() => connectionOf(handle));
  if (connection === undefined) throw refusal("sendwithin takes a handle of SQLite inside a transaction");
  connections.set(connection.handle, connection);
  return connection;
}

function isBegun(connection: Connection): boolean {
  return open(() => connection.inTransaction);
}

/** Returns the result of work that fails on a closed handle. Throws `bad_transaction`. */
function open<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = asError(cause).message;
    throw refusal(`sendwithin takes an open handle inside a transaction, and this one is of no use: ${reason}`, cause);
  }
}

function tablesOf(db: Connection): Tables {
  const known = prepared.get(db);
  if (known !== undefined) return known;
  const tables = new Tables({ prepare: (sql) => atFirstUse(() => db.prepare(sql)) }); // a send uses few of its statements
  prepared.set(db, tables);
  return tables;
}

function atFirstUse(prepare: () => Statement): Statement {
  let prepared: Statement | undefined;
  const statement = (): Statement => {
    prepared ??= prepare();
    return prepared;
  };
  return {
    run: (...parameters) => statement().run(...parameters),
    get: (...parameters) => statement().get(...parameters),
    all: (...parameters) => statement().all(...parameters),
  };
}

// The application may close its handle next, and nobody tells the store.
function release(connection: Connection): void {
  if (connection.release === undefined) return;
  connection.release();
  prepared.delete(connection);
}

function haveOneFile({ path: one }: Connection, { path: other }: Connection): boolean {
  if (one === undefined || other === undefined) return false;
  if (one === other) return true;
  const [first, second] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

// Each copy of SQLite in a process drops the locks of the others on a file when it closes that file.
function twoLibraries(theirs: Connection, ours: Connection): string {
  return (
    `sendwithin takes a handle of the bus's driver, ${ours.driver}, and this is one of ${theirs.driver}: two drivers in one ` +
    "process would drop each other's locks. Open the bus with a handle of yours: sqlite(handle)"
  );
}

function refusal(sentence: string, cause?: unknown): BusError {
  return new BusError("bad_transaction", sentence, cause === undefined ? {} : { cause });
}
