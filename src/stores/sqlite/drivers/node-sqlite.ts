import { asError } from "../../../errors.ts";
import { type Columns, type Connection, type Driver, fileOf, type SqliteDatabase, type Statement } from "./driver.ts";

/** The part of a `DatabaseSync` that nightbus uses. */
interface Database extends SqliteDatabase {
  /** True while a transaction is open. Node 22.13 to 22.15 lack it. */
  readonly isTransaction?: boolean;
  prepare(sql: string): NativeStatement;
  function(name: string, work: () => unknown): unknown;
}

interface NativeStatement {
  run(...parameters: Columns): unknown;
  get(...parameters: Columns): object | undefined;
  all(...parameters: Columns): readonly object[];
  setReadBigInts(on: boolean): unknown;
  /** Makes rows arrays. Node 22.13 to 22.15 lack it. */
  setReturnArrays?(on: boolean): unknown;
}

type Constructor = new (path: string) => Database;

const NAME = "node:sqlite";

/** The driver of Node itself, from 22.13 on, and of Deno. */
export const nodeSqlite: Driver = {
  name: NAME,

  async load() {
    const module = process.getBuiltinModule?.(NAME) as
      | { Database?: Constructor; DatabaseSync: Constructor }
      | undefined;
    if (module === undefined) return undefined;
    const Database = module.Database ?? module.DatabaseSync; // renamed in Node 26
    return (path) => new Database(path);
  },

  // Handles of the other drivers have methods of this name too.
  fits: (handle) =>
    typeof (handle as Partial<Database>).function === "function" && !("query" in handle || "pragma" in handle),

  connect(handle): Connection {
    const db = handle as Database;
    const prepare = (sql: string): Statement => readable(db.prepare(sql));
    return {
      driver: NAME,
      handle,
      path: fileOf({ prepare }),
      get inTransaction() {
        return db.isTransaction ?? isInTransaction(db);
      },
      prepare,
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    };
  },
};

function readable(statement: NativeStatement): Statement {
  statement.setReadBigInts(false); // the application may have switched its handle to BigInt
  if (statement.setReturnArrays === undefined) return named(statement);
  statement.setReturnArrays(true);
  return statement as Statement;
}

/** Makes columns of rows by name. */
function named(statement: NativeStatement): Statement {
  return {
    run: (...parameters) => statement.run(...parameters),
    get(...parameters) {
      const row = statement.get(...parameters);
      return row && Object.values(row);
    },
    all: (...parameters) => statement.all(...parameters).map((row) => Object.values(row)),
  };
}

// SQLite refuses to begin inside a transaction. An empty transaction takes no lock. Other errors show at the next statement.
function isInTransaction(db: Database): boolean {
  try {
    db.exec("begin");
  } catch (error) {
    return asError(error).message.includes("within a transaction");
  }
  db.exec("commit");
  return false;
}
