import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { asError, BusError } from "../../../errors.ts";
import { betterSqlite3 } from "./better-sqlite3.ts";
import { bunSqlite } from "./bun-sqlite.ts";
import type { Connection, Driver, Open, SqliteDatabase } from "./driver.ts";
import { nodeSqlite } from "./node-sqlite.ts";

/** The drivers in the order of preference. A user who has installed one wants it; the others come with a runtime. */
const DRIVERS: readonly Driver[] = [betterSqlite3, bunSqlite, nodeSqlite];

/** Opens a file with the first driver that is there. The connection waits for no lock. Rejects with `store`. */
export async function openDatabase(path: string, drivers: readonly Driver[] = DRIVERS): Promise<Connection> {
  const { driver, open } = await found(drivers);
  try {
    const connection = driver.connect(open(absolute(path)));
    connection.exec("pragma busy_timeout = 0");
    return connection;
  } catch (cause) {
    const reason = existsSync(dirname(path)) ? asError(cause).message : "its directory does not exist";
    const sentence = `SQLite could not open ${JSON.stringify(path)}: ${reason}`;
    throw new BusError("store", sentence, { cause, refused: true });
  }
}

/**
 * Returns a new connection over an application's handle. Undefined if it is no handle of a driver. Throws the driver's error
 * if it is closed.
 */
export function connectionOf(handle: unknown): Connection | undefined {
  return isHandle(handle) ? DRIVERS.find((driver) => driver.fits(handle))?.connect(handle) : undefined;
}

function isHandle(value: unknown): value is SqliteDatabase {
  const { prepare, exec, close } = Object(value) as Partial<SqliteDatabase>;
  return [prepare, exec, close].every((method) => typeof method === "function");
}

// The process may change its folder. A URI and a database in memory are no paths.
function absolute(path: string): string {
  return path === ":memory:" || path.startsWith("file:") ? path : resolve(path);
}

async function found(drivers: readonly Driver[]): Promise<{ readonly driver: Driver; readonly open: Open }> {
  const reasons: string[] = [];
  for (const driver of drivers) {
    try {
      const open = await driver.load();
      if (open === undefined) continue;
      for (const reason of reasons) warn(`${reason}. nightbus uses ${driver.name} instead`);
      return { driver, open };
    } catch (cause) {
      const reason = asError(cause).message.replace(/\s+/g, " ").replace(/\.$/, "");
      reasons.push(`${driver.name} is installed and does not work: ${reason}`);
    }
  }
  throw new BusError("store", reasons.join(". ") || missing(), { refused: true });
}

function missing(): string {
  const { deno, napi, node } = process.versions as Record<string, string | undefined>;
  if (deno !== undefined) return `there is no SQLite in Deno ${deno}: Deno 2.2 or later has one`;
  const version = Number(napi) < 10 ? 12 : 13;
  return `nightbus/sqlite finds no SQLite on Node ${node}: run "npm install better-sqlite3@${version}", or use Node 22.13 or later, which has one`;
}

const warned = new Set<string>();

function warn(sentence: string): void {
  if (warned.has(sentence)) return;
  warned.add(sentence);
  process.emitWarning(sentence, { type: "NightbusWarning" });
}
