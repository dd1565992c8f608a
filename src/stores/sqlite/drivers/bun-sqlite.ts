import { type Columns, type Connection, type Driver, fileOf, type SqliteDatabase, type Statement } from "./driver.ts";

/** The part of a database of Bun that nightbus uses. */
interface Database extends SqliteDatabase {
  readonly inTransaction: boolean;
  prepare(sql: string): NativeStatement;
  query(sql: string): NativeStatement;
}

interface NativeStatement {
  run(...parameters: Columns): unknown;
  values(...parameters: Columns): readonly Columns[];
  safeIntegers(on: boolean): NativeStatement;
  finalize(): unknown;
}

type Constructor = new (path: string) => Database;

const NAME = "bun:sqlite";

/** The driver of Bun itself. */
export const bunSqlite: Driver = {
  name: NAME,

  async load() {
    const module = process.getBuiltinModule?.(NAME) as unknown as { readonly Database: Constructor } | undefined;
    return module && ((path) => new module.Database(path));
  },

  fits: (handle) => typeof (handle as Partial<Database>).query === "function",

  connect(handle): Connection {
    const db = handle as Database;
    const statements: NativeStatement[] = [];
    const prepare = (sql: string): Statement => {
      const statement = db.prepare(sql);
      statement.safeIntegers(false); // the application may have switched its handle to BigInt
      statements.push(statement);
      return {
        run: (...parameters) => statement.run(...parameters),
        get: (...parameters) => statement.values(...parameters)[0],
        all: (...parameters) => statement.values(...parameters),
      };
    };
    const release = (): void => {
      for (const statement of statements.splice(0)) statement.finalize();
    };
    const path = fileOf({ prepare });
    release();
    return {
      driver: NAME,
      handle,
      path,
      get inTransaction() {
        return db.inTransaction;
      },
      prepare,
      exec: (sql) => db.exec(sql),
      release,
      close() {
        release();
        db.close();
      },
    };
  },
};
