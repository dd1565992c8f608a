import { describe, it } from "vitest";
import { testStore } from "../../../src/testing/conformance/store.ts";
import { engineRuns } from "../engines.ts";
import { STORES } from "./stores.ts";

for (const { name, engine, store } of STORES) {
  if (engine !== undefined && store !== undefined)
    testStore(name, store, { describe: engineRuns(engine, describe), it });
}
