import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { EngineTime } from "../../../src/stores/shared/engine-time.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";

const DAY = 86_400_000;

describe("an engine's time", () => {
  it("goes on by the monotonic clock, whatever is done to the wall clock", () => {
    const clock = new ManualClock();
    const time = new EngineTime(clock);
    time.observe(1_000_000, clock.monotonic());
    clock.set(clock.now() + DAY);
    assert.equal(time.now(), 1_000_000);
    clock.advance(250);
    clock.set(clock.now() - 2 * DAY);
    assert.equal(time.now(), 1_000_250);
  });

  it("is not set back by an answer that was long under way", () => {
    const clock = new ManualClock();
    const time = new EngineTime(clock);
    time.observe(1_000_000, clock.monotonic());
    const asked = clock.monotonic();
    clock.advance(4_000);
    time.observe(1_000_010, asked);
    assert.equal(time.now(), 1_004_000);
  });

  it("follows the engine's clock forward and back", () => {
    const clock = new ManualClock();
    const time = new EngineTime(clock);
    time.observe(1_000_000, clock.monotonic());
    time.observe(1_000_000 + DAY, clock.monotonic());
    assert.equal(time.now(), 1_000_000 + DAY);
    time.observe(1_000_005, clock.monotonic());
    assert.equal(time.now(), 1_000_005);
  });
});
