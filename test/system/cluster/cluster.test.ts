import { expect, it } from "vitest";
import { engineOf } from "../../support/engines/engines.ts";
import { prove } from "./prove.ts";
import { STORES, type StoreName } from "./stores.ts";

const SHORT = { seed: 1, ms: 0, sends: 200, longest: 400, asleep: 400, besides: [], lanes: 3, rest: 10 } as const;

for (const name of Object.keys(STORES) as StoreName[]) {
  const missing = engineOf(name)?.missing();

  it(`keeps every promise on ${name} while whatever can fail does`, { timeout: 180_000 }, async ({ skip }) => {
    if (missing !== undefined && process.env["CI"] === undefined) skip(missing);
    expect(missing).toBeUndefined();
    const { counts, played, violations } = await prove(name, SHORT);
    expect(violations).toEqual([]);
    expect(counts.acknowledged).toBeGreaterThanOrEqual(SHORT.sends);
    expect(played.kill).toBeGreaterThanOrEqual(2);
  });
}
