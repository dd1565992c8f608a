import type { Database } from "better-sqlite3";
import type { Store } from "nightbus";
import { postgres } from "nightbus/postgres";
import { redis } from "nightbus/redis";
import { sqlite } from "nightbus/sqlite";

const { DATABASE_URL, REDIS_URL } = process.env;

/** Whether the club's notifications are where processes on any machine can share them. */
export const isShared = DATABASE_URL !== undefined || REDIS_URL !== undefined;

/** Where they are kept: in Postgres or Redis, if one is named, else in the club's own database. This is all that differs. */
export function storeOf(db: Database): Store {
  if (DATABASE_URL !== undefined) return postgres(DATABASE_URL, { schema: "chess" });
  return REDIS_URL === undefined ? sqlite(db) : redis(REDIS_URL, { prefix: "chess" });
}
