/**
 * Keeps notifications in a SQLite file, which the processes of one machine share.
 *
 * @module nightbus/sqlite
 */

import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { isDatabase, type SqliteDatabase } from "./sqlite/driver.ts";
import { SqliteStore } from "./sqlite/store.ts";

export type { SqliteDatabase, SqliteStatement } from "./sqlite/driver.ts";

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
 * better-sqlite3 database, which the store uses unchanged and does not close. Several processes may share a file. A store, and
 * a handle, serves one bus. Throws `bad_option`. If the file cannot be opened, the bus rejects with `store`.
 */
export function sqlite(pathOrDatabase: string | SqliteDatabase, options: SqliteOptions = {}): Store {
  const { durability } = options;
  if (durability !== undefined && durability !== "full" && durability !== "normal") {
    throw new BusError("bad_option", `durability must be "full" or "normal", got ${given(durability)}`);
  }
  if (typeof pathOrDatabase === "string" && pathOrDatabase !== "") {
    return new SqliteStore({ path: pathOrDatabase, durability: durability ?? "full" });
  }
  if (!isDatabase(pathOrDatabase)) {
    throw new BusError("bad_option", `sqlite takes a path or a better-sqlite3 database, got ${given(pathOrDatabase)}`);
  }
  if (durability !== undefined) {
    throw new BusError(
      "bad_option",
      "a database that is handed over keeps its own pragmas: set synchronous on it, and leave durability out",
    );
  }
  return new SqliteStore({ db: pathOrDatabase });
}
