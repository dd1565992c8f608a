import { BusError, given } from "../errors.ts";
import type { Store } from "../store.ts";
import { isDatabase, type SqliteDatabase } from "./sqlite/driver.ts";
import { SqliteStore } from "./sqlite/store.ts";

export type { SqliteDatabase, SqliteStatement } from "./sqlite/driver.ts";

export interface SqliteOptions {
  /**
   * What an acknowledged send survives: `full` a power cut, `normal` a crash of the process. Default: `full`. A handle has
   * its own pragmas, so it takes no durability.
   */
  readonly durability?: "full" | "normal";
}

/**
 * Keeps a bus's notifications in SQLite: in a file whose folder must exist, in `":memory:"`, or in the application's own
 * better-sqlite3 database, which is used as it is and not closed. Several processes may share a file. A store, and a handle,
 * serves one bus.
 * Throws `bad_option`; a file that cannot be opened makes the bus reject with `store`.
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
