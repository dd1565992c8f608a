import { testBus } from "../../src/testing/conformance/bus.ts";
import { testStore } from "../../src/testing/conformance/store.ts";
import { STORES } from "../stores/conformance/stores.ts";

type Runner = Parameters<typeof testBus>[2];

/** The topics of the bus that depend on the driver of an engine. The others would take minutes on five runtimes. */
const OF_DRIVERS = ["sending", "messages", "durability", "sharing", "sending within a transaction"];

/**
 * Tests the stores without an engine, SQLite among them: by the driver that this runtime finds in the application. A line of
 * `STORES` for a driver that this runtime lacks is left out here.
 */
export function describeLocalStores(runner: Runner): void {
  for (const { name, engine, bus, store } of STORES) {
    if (engine !== undefined) continue;
    testBus(name, bus, runner);
    // The bus makes its store in memory itself, so the package does not export it.
    if (store !== undefined && name !== "without a store") testStore(name, store, runner);
  }
}

/** Tests the stores on one engine: all of the store, and the topics of the bus that depend on the driver. */
export function describeEngine(wanted: string, { describe, it }: Runner): void {
  const byTopic: Runner = {
    it,
    describe(name, body) {
      if (name.startsWith("a bus: ") || OF_DRIVERS.includes(name)) describe(name, body);
    },
  };
  for (const { name, engine, bus, store } of STORES) {
    if (engine !== wanted) continue;
    testBus(name, bus, byTopic);
    if (store !== undefined) testStore(name, store, { describe, it });
  }
}
