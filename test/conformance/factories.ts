import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import { sqlite } from "nightbus/sqlite";
import { fakeBus } from "nightbus/testing";
import pg from "pg";
import { systemClock } from "../../src/clock.ts";
import type { Store } from "../../src/store.ts";
import type { BusFactory } from "../../src/testing/conformance/bus.ts";
import { DATABASE_URL } from "../stores/engines.ts";

/** Buses that were given no store. */
export const memory: BusFactory = {
  durable: false,
  shared: false,
  place: () => ({ open: (options) => new Bus(options) }),
};

/** Fake buses, by the machine's clock where a test gives none. */
export const fake: BusFactory = {
  durable: false,
  shared: false,
  place: () => ({ open: (options) => fakeBus({ clock: systemClock, ...options }) }),
};

/** Buses over SQLite, in a file of a temporary folder. */
export const file: BusFactory = {
  durable: true,
  shared: true,
  place() {
    const { path, remove } = temporary();
    return { open: (options) => new Bus({ ...options, store: sqlite(path, { durability: "normal" }) }), remove };
  },
};

/** Buses over SQLite, without a file. */
export const inMemory: BusFactory = {
  durable: false,
  shared: false,
  place: () => ({ open: (options) => new Bus({ ...options, store: sqlite(":memory:") }) }),
};

/** Buses over Postgres, in a schema of their own. */
export const onPostgres: BusFactory = {
  durable: true,
  shared: true,
  ownTime: true,
  place() {
    const { store, remove } = newSchema();
    return { open: (options) => new Bus({ ...options, store: store() }), remove };
  },
};

/** A schema that is not there yet: stores on it, and how to remove it. */
export function newSchema(): {
  readonly name: string;
  readonly store: () => Store;
  readonly remove: () => Promise<void>;
} {
  const name = `nightbus test ${randomBytes(6).toString("hex")}`;
  return {
    name,
    store: () => postgres(DATABASE_URL, { schema: name }),
    async remove() {
      const client = new pg.Client(DATABASE_URL);
      await client.connect();
      await client.query(`drop schema if exists "${name}" cascade`);
      await client.end();
    },
  };
}

/** A path for a database that is not there yet, and how to remove it with all that lies beside it. */
export function temporary(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  return { path: join(folder, "bus.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
