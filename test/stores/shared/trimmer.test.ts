import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { Outage } from "../../../src/stores/shared/outage.ts";
import { Trimmer } from "../../../src/stores/shared/trimmer.ts";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";

function trimmer(): { clock: ManualClock; trims: Trimmer; batches: number[]; add: (count: number) => void } {
  const clock = new ManualClock();
  const batches: number[] = [];
  let id = 0;
  const trims = new Trimmer({
    clock,
    trim: async ({ ids }) => batches.push(ids.length) > 0,
    retry: async (work) => work(),
    outage: new Outage(assert.fail, (error) => error as Error),
  });
  const add = (count: number): void => {
    const ids = Array.from({ length: count }, () => ++id);
    trims.add({ ids, keys: ids.map(() => "a"), forgotten: [], floor: 0 });
  };
  return { clock, trims, batches, add };
}

/** Moves a clock on, and lets happen what that leads to. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (const _ of clock.steps(ms)) await turns(2);
  await turns(2);
}

describe("what a log has trimmed", () => {
  it("is gathered for half a second, also what comes while a batch is under way", async () => {
    const { clock, batches, add } = trimmer();
    add(5);
    await pass(clock, 499);
    assert.deepEqual(batches, []);
    clock.advance(1);
    add(1); // the batch before is under way
    await turns(2);
    await pass(clock, 250);
    add(2);
    await pass(clock, 249);
    assert.deepEqual(batches, [5]);
    await pass(clock, 1);
    assert.deepEqual(batches, [5, 3]);
  });

  it("is forgotten in batches without a pause between them, and all of it at the end", async () => {
    const { clock, trims, batches, add } = trimmer();
    add(2_500);
    await pass(clock, 500);
    assert.deepEqual(batches, [1_000, 1_000, 500]);
    add(1_200);
    await trims.finish();
    assert.deepEqual(batches.slice(3), [1_000, 200]);
  });
});
