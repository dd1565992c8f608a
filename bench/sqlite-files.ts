import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";

/** A folder of this run's own for database files. */
export function ownFolder(): { readonly file: (name: string) => string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-bench-"));
  return { file: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true }) };
}

/** A database by hand, as durable as a bus's by default. */
export function openByHand(path: string): Database.Database {
  const db = new Database(path);
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = full");
  return db;
}
