import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bus } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { fakeBus } from "nightbus/testing";
import { systemClock } from "../../src/clock.ts";
import type { BusFactory } from "../../src/testing/conformance/bus.ts";

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

/** A path for a database that is not there yet, and how to remove it with all that lies beside it. */
export function temporary(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  return { path: join(folder, "bus.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
