/**
 * Keeps notifications in a SQLite file, which the processes of one machine share.
 *
 * @module nightbus/sqlite
 */

import { asError, BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import type { Connection, SqliteDatabase } from "./sqlite/drivers/driver.ts";
import { connectionOf } from "./sqlite/drivers/open.ts";
import { SqliteStore } from "./sqlite/store.ts";

export type { SqliteDatabase } from "./sqlite/drivers/driver.ts";

/** Options of `sqlite`. */
export interface SqliteOptions {
  /**
   * The damage that an acknowledged send survives: with `full` a power cut, with `normal` a crash of the process. A handle
   * keeps its own pragmas, and takes no durability. Default: `full`.
   */
  readonly durability?: "full" | "normal";
}

/**
 * Keeps a bus's notifications in SQLite. The argument is a path whose folder exists, or `":memory:"`, or the application's own
 * database handle, which the store uses unchanged and does not close. Several processes may share a file. A store, and
 * a handle, serves one bus.
 *
 * A path is opened by better-sqlite3 if it is installed. Else the runtime's own SQLite opens it: `bun:sqlite`, or the `node:sqlite`
 * of Node 22.13 and later and of Deno. Throws `bad_option`. If the file cannot be opened, the bus rejects with `store`.
 */
export function sqlite(pathOrDatabase: string | SqliteDatabase, options: SqliteOptions = {}): Store {
  const { durability } = options;
  if (durability !== undefined && durability !== "full" && durability !== "normal") {
    throw new BusError("bad_option", `durability must be "full" or "normal", got ${given(durability)}`);
  }
  if (typeof pathOrDatabase === "string" && pathOrDatabase !== "") {
    return new SqliteStore({ path: pathOrDatabase, durability: durability ?? "full" });
  }
  const db = connectionTo(pathOrDatabase);
  if (db === undefined) {
    const handles = "a handle of better-sqlite3, node:sqlite or bun:sqlite";
    throw new BusError("bad_option", `sqlite takes a path or ${handles}, got ${given(pathOrDatabase)}`);
  }
  if (durability !== undefined) {
    throw new BusError(
      "bad_option",
      "a database that is handed over keeps its own pragmas: set synchronous on it, and leave durability out",
    );
  }
  return new SqliteStore({ db });
}

function connectionTo(handle: unknown): Connection | undefined {
  try {
    return connectionOf(handle);
  } catch (cause) {
    throw new BusError(
      "bad_option",
      `sqlite takes an open handle, and this one is of no use: ${asError(cause).message}`,
      {
        cause,
      },
    );
  }
}
