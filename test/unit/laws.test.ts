import { STORES } from "../stores/conformance/stores.ts";
import { testKeyLaws } from "../support/key-laws.ts";
import { testLaws } from "../support/laws.ts";

for (const { name, engine, bus, store, laws } of STORES) {
  if (engine !== undefined || laws === undefined) continue;
  testLaws(name, bus, laws);
  if (store !== undefined) testKeyLaws(name, store, laws);
}
