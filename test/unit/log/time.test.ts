import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LogTime } from "../../../src/log/time.ts";

const DAY = 86_400_000;
const NOW = 1_700_000_000_000;

/** A log whose newest row has this time, with clocks that the test sets. */
function opened(newestAt: number, wall: number | undefined) {
  const clocks = { wall, passed: 0 };
  const time = new LogTime({ read: () => clocks.wall, monotonic: () => clocks.passed });
  time.observe(newestAt);
  const pass = (ms: number, step = 0): number => {
    clocks.passed += ms;
    if (clocks.wall !== undefined) clocks.wall += ms + step;
    return time.now();
  };
  return { pass, first: time.now() };
}

describe("the time by which rows age", () => {
  it("begins at the clock, though a row was stamped ahead, and never reaches beyond the clock", () => {
    const { pass, first } = opened(NOW + DAY, NOW);
    assert.equal(first, NOW);
    assert.equal(pass(1_000), NOW + 1_000);
    assert.equal(pass(DAY), NOW + DAY + 1_000);
  });

  it("begins at the newest row if the clock fails", () => {
    const { pass, first } = opened(NOW, undefined);
    assert.deepEqual([first, pass(5)], [NOW, NOW + 5]);
  });

  it("reaches the newest row once a clock that was far behind at the start is set right", () => {
    const { pass, first } = opened(NOW, 0);
    assert.deepEqual([first, pass(1_000)], [0, 1_000]);
    assert.equal(pass(1_000, NOW + DAY), NOW, "rows that came meanwhile have the time of the newest one");
    assert.equal(pass(5), NOW + 5);
  });

  it("does not move on by a step in the middle, forward or back", () => {
    const { pass } = opened(NOW - 10, NOW);
    assert.equal(pass(10, DAY), NOW + 10);
    assert.equal(pass(10, -2 * DAY), NOW + 10);
  });
});
