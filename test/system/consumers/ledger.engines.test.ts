import { expect, it } from "vitest";
import { ENGINES, type EngineName } from "../../support/engines/engines.ts";
import { proveLedger } from "./ledger.ts";

it("handles each job while processes over one file of SQLite are killed", { timeout: 180_000 }, async () => {
  const { jobs, violations } = await proveLedger("sqlite", 6, 7);
  expect(violations).toEqual([]);
  expect(jobs).toBeGreaterThan(50);
});

for (const name of Object.keys(ENGINES) as EngineName[]) {
  const missing = ENGINES[name].missing();

  it(`handles each job while processes and ${name} are killed`, { timeout: 180_000 }, async ({ skip }) => {
    if (missing !== undefined && process.env["CI"] === undefined) skip(missing);
    expect(missing).toBeUndefined();
    const { jobs, violations } = await proveLedger(name, 6, 7);
    expect(violations).toEqual([]);
    expect(jobs).toBeGreaterThan(50);
  });
}
