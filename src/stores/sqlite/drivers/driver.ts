/** A database handle of better-sqlite3 (`Database`), of `node:sqlite` (`DatabaseSync`) or of `bun:sqlite` (`Database`). */
export interface SqliteDatabase {
  /** Compiles a statement. */
  prepare(sql: string): unknown;
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
  /** Closes the connection. */
  close(): unknown;
}

/** A connection as the store uses it. Its methods throw the driver's errors, which `resultCodeOf` can read. */
export interface Connection {
  /** The name of its driver. */
  readonly driver: string;
  /** The driver's own database. */
  readonly handle: SqliteDatabase;
  /** The absolute path of the file. Undefined if no file holds the data. */
  readonly path: string | undefined;
  /** True while a transaction is open. */
  readonly inTransaction: boolean;
  /** Compiles a statement. */
  prepare(sql: string): Statement;
  /** Runs statements without parameters, and drops their rows. */
  exec(sql: string): unknown;
  /** Finalises all statements, which would keep the file open. Absent if the handle's own `close()` does so. */
  release?(): void;
  /** Closes the connection. */
  close(): unknown;
}

/** The columns of a row in their order. Integers are numbers. */
export type Columns = readonly unknown[];

/** A compiled statement. */
export interface Statement {
  /** Runs a statement that returns no rows. */
  run(...parameters: Columns): unknown;
  /** Returns the first row; undefined without rows. */
  get(...parameters: Columns): Columns | undefined;
  /** Returns all rows. */
  all(...parameters: Columns): readonly Columns[];
}

/** Opens a file. The connection waits for no lock. Throws the driver's error. */
export type Open = (path: string) => SqliteDatabase;

/** One way to SQLite. */
export interface Driver {
  /** The module that it comes in. */
  readonly name: string;
  /** Loads the module. Undefined if it is not there. Rejects if it is there and does not work. */
  load(): Promise<Open | undefined>;
  /** True for a handle of this driver, as far as can be seen. */
  fits(handle: SqliteDatabase): boolean;
  /** Returns a new connection over a handle that fits. Throws the driver's error if the handle is closed. */
  connect(handle: SqliteDatabase): Connection;
}

/** Returns the absolute path of a connection's file. Undefined if no file holds its data. Needs no lock. */
export function fileOf({ prepare }: { readonly prepare: (sql: string) => Statement }): string | undefined {
  const databases = prepare("pragma database_list").all() as readonly [index: number, name: string, file: string][];
  return databases.find(([, name]) => name === "main")?.[2] || undefined;
}
