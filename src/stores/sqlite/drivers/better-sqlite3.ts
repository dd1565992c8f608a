import { createRequire } from "node:module";
import { isAbsolute } from "node:path";
import { isMissing } from "../../shared/missing.ts";
import { type Columns, type Connection, type Driver, fileOf, type SqliteDatabase, type Statement } from "./driver.ts";

/** The part of a better-sqlite3 database that nightbus uses. */
interface Database extends SqliteDatabase {
  readonly name: string;
  readonly memory: boolean;
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(sql: string): NativeStatement;
  pragma(sql: string): unknown;
}

interface NativeStatement extends Statement {
  /** True if the statement returns rows. */
  readonly reader: boolean;
  raw(): NativeStatement;
  safeIntegers(on: boolean): NativeStatement;
  get(...parameters: Columns): Columns | undefined;
}

const NAME = "better-sqlite3";
const NODE_API_OF_13 = 10;

/** The driver of the package better-sqlite3. */
export const betterSqlite3: Driver = {
  name: NAME,

  async load() {
    refuseCrash();
    const Handle = await imported();
    if (Handle === undefined) return undefined;
    const open = (path: string): Database => new Handle(path);
    open(":memory:").close(); // loads the binary, which may be of another Node
    return open;
  },

  fits: (handle) => typeof (handle as Partial<Database>).pragma === "function",

  connect(handle): Connection {
    const db = handle as Database;
    if (!db.open) throw new TypeError("The database connection is not open"); // as its methods say
    const prepare = (sql: string): Statement => {
      const statement = db.prepare(sql).safeIntegers(false); // the application may have switched its handle to BigInt
      return statement.reader ? statement.raw() : statement;
    };
    return {
      driver: NAME,
      handle,
      path: pathOf(db, prepare),
      get inTransaction() {
        return db.inTransaction;
      },
      prepare,
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    };
  },
};

// The process may have changed its folder since the application opened a relative path. An absolute one may be a link,
// of which SQLite tells the target alone.
function pathOf({ memory, name }: Database, prepare: (sql: string) => Statement): string | undefined {
  if (memory) return undefined;
  return isAbsolute(name) ? name : fileOf({ prepare });
}

type Constructor = new (path: string) => Database;

// Bundlers leave a name that they do not see, and the package need not be there when they run.
async function imported(): Promise<Constructor | undefined> {
  const name: string = NAME;
  try {
    return ((await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as { default: Constructor }).default;
  } catch (cause) {
    if (isMissing(cause, NAME)) return undefined;
    throw cause;
  }
}

// Version 13 loads on a Node without its Node-API, and then ends the process without an error.
function refuseCrash(): void {
  const version = installedVersion();
  const napi = Number(process.versions["napi"]);
  if (version === undefined || Number.parseInt(version, 10) < 13 || napi >= NODE_API_OF_13) return;
  throw new Error(
    `version ${version} needs Node-API ${NODE_API_OF_13} (Node 22.14 or later) and this is Node ${process.version} with ` +
      `Node-API ${napi}: run "npm install better-sqlite3@12", or a newer Node`,
  );
}

function installedVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)(`${NAME}/package.json`) as { version: string }).version;
  } catch {
    return undefined;
  }
}
