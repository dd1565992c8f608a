import type { Database } from "better-sqlite3";
import type { Store } from "nightbus";
import { postgres } from "nightbus/postgres";
import { redis } from "nightbus/redis";
import { sqlite } from "nightbus/sqlite";

const { DATABASE_URL, REDIS_URL } = process.env;

/** True if processes on any machine can share the club's notifications. */
export const isShared = DATABASE_URL !== undefined || REDIS_URL !== undefined;

/** Returns the store: Postgres or Redis if one is named, else the club's own database. This is all that differs. */
export function storeOf(db: Database): Store {
  if (DATABASE_URL !== undefined) return postgres(DATABASE_URL, { schema: "chess" });
  return REDIS_URL === undefined ? sqlite(db) : redis(REDIS_URL, { prefix: "chess" });
}
