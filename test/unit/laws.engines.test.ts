import { describe } from "vitest";
import { STORES } from "../stores/conformance/stores.ts";
import { engineRuns } from "../stores/engines.ts";
import { testKeyLaws } from "../support/key-laws.ts";
import { testLaws } from "../support/laws.ts";

for (const { name, engine, bus, store, laws } of STORES) {
  if (engine === undefined || laws === undefined) continue;
  const within = engineRuns(engine, describe);
  testLaws(name, bus, laws, within);
  if (store !== undefined) testKeyLaws(name, store, laws, within);
}
