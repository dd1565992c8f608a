import BetterSqlite3 from "better-sqlite3";
import type { SqliteDatabase } from "nightbus/sqlite";

/** The part of a handle that tests use, whichever driver it is of. */
export interface Database extends SqliteDatabase {
  prepare(sql: string): {
    run(...parameters: unknown[]): unknown;
    get(...parameters: unknown[]): Readonly<Record<string, unknown>> | undefined;
    all(...parameters: unknown[]): readonly Readonly<Record<string, unknown>>[];
  };
}

/** Options of `openDatabase`. */
export interface DatabaseOptions {
  readonly readonly?: boolean;
  /** The time for which the connection waits for locks, in ms. Default: 5,000, as with better-sqlite3. */
  readonly timeout?: number;
  /** True if integers are read as `bigint`. With better-sqlite3 alone. */
  readonly bigints?: boolean;
}

type Constructor = new (path: string, options?: object) => Database;

/** The driver whose handles the tests use. `npm run test:runtimes` sets another than better-sqlite3. */
export const DRIVER = process.env["NIGHTBUS_SQLITE"] ?? "better-sqlite3";

const READONLY: Readonly<Record<string, object>> = {
  "better-sqlite3": { readonly: true },
  "node:sqlite": { readOnly: true },
  "bun:sqlite": { readonly: true },
};

/** Opens a handle of the driver under test. */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  const { readonly = false, timeout = 5_000, bigints = false } = options;
  const database = new (driverClass())(path, readonly ? READONLY[DRIVER] : {});
  if (bigints) (database as BetterSqlite3.Database).defaultSafeIntegers(true);
  database.exec(`pragma busy_timeout = ${timeout}`);
  return database;
}

/** Asks a pragma, and returns the first value of its first row. */
export function pragma(database: Database, text: string): unknown {
  return Object.values(database.prepare(`pragma ${text}`).get() ?? {})[0];
}

/** Runs work in a transaction. An error rolls it back. */
export function transact(database: Database, work: () => void): void {
  database.exec("begin immediate");
  try {
    work();
    database.exec("commit");
  } catch (error) {
    database.exec("rollback");
    throw error;
  }
}

function driverClass(): Constructor {
  if (DRIVER === "better-sqlite3") return BetterSqlite3 as unknown as Constructor;
  const module = process.getBuiltinModule(DRIVER) as unknown as { Database?: Constructor; DatabaseSync?: Constructor };
  return (module.Database ?? module.DatabaseSync)!;
}
