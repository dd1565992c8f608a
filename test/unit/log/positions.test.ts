import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { Positions } from "../../../src/log/positions.ts";

describe("the positions of a log", () => {
  it("are its beginning and the ids of its runs, and nothing before, between or beyond", () => {
    const positions = new Positions(10, 30, [
      { after: 10, before: 20 },
      { after: 22, before: 30 },
    ]);
    const known = Array.from({ length: 40 }, (_, last) => last).filter((last) => positions.has(last));
    assert.deepEqual(known, [10, 20, 21, 22, 30]);
  });

  it("move with the newest id, and never back", () => {
    const positions = new Positions(10, 10, []);
    positions.beginEpoch({ after: 10, before: 15 });
    positions.moveTo(16);
    positions.moveTo(12);
    assert.equal(positions.newest, 16);
    assert.deepEqual(
      [10, 11, 14, 15, 16, 17].map((last) => positions.has(last)),
      [true, false, false, true, true, false],
    );
  });

  it("fold the oldest runs into the beginning when there are more than 100,000", () => {
    const positions = new Positions(1, 1, []);
    for (let run = 1; run <= 100_001; run += 1) {
      positions.beginEpoch({ after: run * 10 - 9, before: run * 10 + 1 });
      positions.moveTo(run * 10 + 1);
    }
    assert.deepEqual(
      [1, 11, 100_001, 100_011, 100_012, 1_000_011].map((last) => positions.has(last)),
      [false, false, true, true, false, true],
    );
  });
});
