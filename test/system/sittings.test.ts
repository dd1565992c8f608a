import { describe, expect, it } from "vitest";
import type { Line } from "../../bench/harness.ts";
import { summaryOfRows } from "../../bench/report.ts";
import { type Results, rowsOf } from "../../bench/sittings.ts";

const AT_MOST = { atMost: 1.2 };

function sitting(...lines: readonly (Partial<Line> & { readonly ratio: number })[]): Results {
  const line = {
    id: "P1",
    workload: "w",
    beside: "b",
    ours: "1",
    rival: "1",
    low: 1,
    high: 1,
    control: 1,
    target: AT_MOST,
  };
  return { where: "here", date: "2026-01-01", points: [], lines: lines.map((own) => ({ ...line, ...own })) };
}

const verdicts = (...sittings: readonly Results[]): readonly string[] => rowsOf(sittings).map(({ verdict }) => verdict);

describe("a row of several sittings", () => {
  it("is reached if three sittings reach it, and shows the worst", () => {
    const sittings = [1.1, 1.19, 1].map((ratio) => sitting({ ratio, ours: `${ratio}` }));
    expect(rowsOf(sittings)).toMatchObject([{ verdict: "reached", line: { ours: "1.19" }, ratios: [1.1, 1.19, 1] }]);
    expect(verdicts(...sittings.slice(1))).toEqual(["2 of 3"]);
  });

  it("is missed if one sitting misses it, by the target of today", () => {
    expect(verdicts(sitting({ ratio: 1.21 }), sitting({ ratio: 1 }), sitting({ ratio: 1 }))).toEqual(["MISSED"]);
    const strict = { atMost: 0.9 };
    expect(verdicts(sitting({ ratio: 1 }), sitting({ ratio: 0.8, target: strict }))).toEqual(["MISSED"]);
    const least = { atLeast: 2 };
    const two = [3, 1.9].map((ratio) => sitting({ ratio, target: least }));
    expect(rowsOf(two)).toMatchObject([{ verdict: "MISSED", line: { ratio: 1.9 } }]);
  });

  it("leaves out sittings that are void or did not measure it", () => {
    const rows = rowsOf([sitting({ ratio: 9, control: 2 }), sitting({ ratio: 1, id: "S1" }), sitting({ ratio: 1 })]);
    expect(rows).toMatchObject([
      { line: { id: "P1" }, ratios: [undefined, undefined, 1], verdict: "1 of 3" },
      { line: { id: "S1" }, ratios: [undefined, 1, undefined] },
    ]);
    expect(verdicts(sitting({ ratio: 1, control: 2 }))).toEqual(["void"]);
  });

  it("is a floor without a target", () => {
    expect(verdicts(sitting({ ratio: 1, target: undefined }))).toEqual(["floor"]);
  });

  it("is context if its line says so", () => {
    const rows = rowsOf([sitting({ ratio: 3, target: undefined, isContext: true })]);
    expect(rows).toMatchObject([{ verdict: "context", line: { ratio: 3 } }]);
    expect(summaryOfRows(rows)).toMatch(/0 void, 0 floors, 1 context$/);
  });
});
