import { describe } from "vitest";
import { STORES } from "../stores/conformance/stores.ts";
import { engineRuns } from "../stores/engines.ts";
import { testLaws } from "../support/laws.ts";

for (const { name, engine, bus, laws } of STORES) {
  if (engine !== undefined && laws !== undefined) testLaws(name, bus, laws, engineRuns(engine, describe));
}
