import { createRequire } from "node:module";
import { asError, BusError } from "../../errors.ts";

/** The part of a better-sqlite3 database that nightbus uses. */
export interface SqliteDatabase {
  /** The path of the file, or `":memory:"`. */
  readonly name: string;
  /** True if no file holds the data. */
  readonly memory: boolean;
  /** True while a transaction is open. */
  readonly inTransaction: boolean;
  /** Compiles a statement. */
  prepare(sql: string): SqliteStatement;
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
  /** Runs a pragma. With `simple`, returns its first value. */
  pragma(sql: string, options?: { simple?: boolean }): unknown;
  /** Closes the connection. */
  close(): unknown;
}

/** The part of a better-sqlite3 statement that nightbus uses. */
export interface SqliteStatement {
  /** Runs the statement for its effect. */
  run(...parameters: unknown[]): unknown;
  /** Returns the first row; undefined without rows. */
  get(...parameters: unknown[]): unknown;
  /** Returns all rows. */
  all(...parameters: unknown[]): unknown[];
  /** Makes rows arrays instead of objects. */
  raw(on?: boolean): SqliteStatement;
  /** Makes integers bigints. */
  safeIntegers(on?: boolean): SqliteStatement;
}

const NODE_API_OF_13 = 10;

/** Opens a file with better-sqlite3. The connection waits for no lock. Rejects with `store`. */
export async function openDatabase(path: string): Promise<SqliteDatabase> {
  refuseCrash();
  try {
    const { default: Database } = await import("better-sqlite3");
    return new Database(path, { timeout: 0 });
  } catch (cause) {
    const sentence = isMissing(cause)
      ? 'nightbus/sqlite needs better-sqlite3: run "npm install better-sqlite3@12"'
      : `SQLite could not open ${JSON.stringify(path)}: ${asError(cause).message}`;
    throw new BusError("store", sentence, { cause, refused: true });
  }
}

/** True for a better-sqlite3 database, as far as can be seen. */
export function isDatabase(value: unknown): value is SqliteDatabase {
  const { prepare, pragma } = Object(value) as Partial<SqliteDatabase>;
  return typeof prepare === "function" && typeof pragma === "function";
}

// Version 13 loads on a Node without its Node-API, and then ends the process without an error.
function refuseCrash(): void {
  const version = installedVersion();
  const napi = Number(process.versions["napi"]);
  if (version === undefined || Number.parseInt(version, 10) < 13 || napi >= NODE_API_OF_13) return;
  throw new BusError(
    "store",
    `better-sqlite3 ${version} needs Node-API ${NODE_API_OF_13} (Node 22.14 or later) and this is Node ${process.version} with ` +
      `Node-API ${napi}: run "npm install better-sqlite3@12", or a newer Node`,
  );
}

function installedVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)("better-sqlite3/package.json") as { version: string }).version;
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "ERR_MODULE_NOT_FOUND" && String(message).includes("better-sqlite3");
}
