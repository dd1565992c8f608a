import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { turns } from "../../src/testing/conformance/bus/topic.ts";
import { SingleFlight } from "../../src/util/single-flight.ts";
import { gate } from "../support/doubles.ts";

describe("syncs", () => {
  it("run one at a time, queue one, and share it", async () => {
    const runs: ReturnType<typeof gate>[] = [];
    const syncs = new SingleFlight(() => {
      runs.push(gate());
      return runs.at(-1)!.promise;
    });
    const first = syncs.run();
    const [second, third] = [syncs.run(), syncs.run()];
    assert.equal(runs.length, 1);
    assert.equal(second, third);
    runs[0]!.resolve();
    await first;
    await turns(1);
    assert.equal(runs.length, 2);
    const fourth = syncs.run();
    assert.notEqual(fourth, second);
    runs[1]!.reject(new Error("failed"));
    await assert.rejects(second, /failed/);
    await turns(1);
    runs[2]!.resolve();
    await fourth;
    const last = syncs.run();
    assert.equal(runs.length, 4, "and one that comes later starts at once");
    runs[3]!.resolve();
    await last;
  });
});
