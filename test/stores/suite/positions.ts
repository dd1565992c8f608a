import assert from "node:assert/strict";
import type { Positions, Store } from "nightbus";
import { onTestFinished } from "vitest";
import { Recorder } from "../../../src/testing/conformance/recorder.ts";
import { systemClock } from "../../../src/util/clock.ts";

/** Opens a store until the end of the test, and returns its positions. */
export async function positionsIn(store: Store): Promise<Positions> {
  await store.open(new Recorder(systemClock));
  onTestFinished(() => store.close().catch(() => {})); // a test may have taken its engine
  assert.ok(store.positions !== undefined);
  return store.positions;
}

/** Two stores on one log, whose connections the test kills. */
export interface KilledPositions {
  readonly all: readonly Positions[];
  kill(): Promise<unknown> | unknown;
}

/** Tests that each change that resolves counts once, and that a change which did not happen never resolves. */
export async function countsUnderKills({ all, kill }: KilledPositions): Promise<void> {
  let unknown = 0;
  const add = async (positions: Positions, times: number): Promise<void> => {
    for (let added = 0; added < times; ) {
      try {
        const { version, state } = (await positions.read("sum")) ?? { version: 0, state: "0" };
        const moved = await positions.replace("sum", version, `${Number(state) + 1}`);
        if (moved === undefined) continue;
        assert.ok(moved > version);
        added += 1;
        if (added % 10 === 5) await kill();
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "store");
        if ((error as { refused?: unknown }).refused !== true) unknown += 1;
      }
    }
  };
  await Promise.all(all.map((positions) => add(positions, 30)));
  const sum = Number((await all[0]!.read("sum"))?.state);
  const acknowledged = 30 * all.length;
  assert.ok(sum >= acknowledged && sum <= acknowledged + unknown, `${sum} of ${acknowledged} and ${unknown} unknown`);
}
