import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { PendingTrims } from "../../../src/log/pending-trims.ts";

describe("trimmings", () => {
  it("has nothing to tell when nothing was trimmed", () => {
    assert.equal(new PendingTrims(true).take(), undefined);
  });

  it("tells each row and its channel once, in order", () => {
    const pendingTrims = new PendingTrims(true);
    pendingTrims.dropped(1, "a");
    pendingTrims.dropped(4, "b");
    pendingTrims.dropped(3, "a");
    assert.deepEqual(pendingTrims.take(), { ids: [1, 4, 3], keys: ["a", "b", "a"], forgotten: [], floor: 0 });
    assert.equal(pendingTrims.take(), undefined);
  });

  it("tells of any number of forgotten channels", () => {
    const pendingTrims = new PendingTrims(true);
    const keys = Array.from({ length: 500_000 }, (_, index) => `c${index}`);
    pendingTrims.forgot(keys, 9);
    pendingTrims.forgot(["x"], 10);
    assert.deepEqual(pendingTrims.take(), { ids: [], keys: [], forgotten: [...keys, "x"], floor: 10 });
  });
});
