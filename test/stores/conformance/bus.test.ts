import { describe, it } from "vitest";
import { testBus } from "../../../src/testing/conformance/bus.ts";
import { STORES } from "./stores.ts";

for (const { name, engine, bus } of STORES) {
  if (engine === undefined) testBus(name, bus, { describe, it });
}
