import { describe } from "vitest";
import { STORES } from "../../stores/conformance/stores.ts";
import { engineRuns } from "../../stores/engines.ts";
import { testPresence } from "./stores.ts";

for (const { name, engine, bus } of STORES) {
  if (engine !== undefined) testPresence(name, bus, engineRuns(engine, describe));
}
