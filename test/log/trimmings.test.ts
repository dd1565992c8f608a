import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { Trimmings } from "../../src/log/trimmings.ts";

describe("trimmings", () => {
  it("has nothing to tell when nothing was trimmed", () => {
    assert.equal(new Trimmings(true).take(), undefined);
  });

  it("tells each row and its channel once, in order", () => {
    const trimmings = new Trimmings(true);
    trimmings.dropped(1, "a");
    trimmings.dropped(4, "b");
    trimmings.dropped(3, "a");
    assert.deepEqual(trimmings.take(), { ids: [1, 4, 3], keys: ["a", "b", "a"], forgotten: [], floor: 0 });
    assert.equal(trimmings.take(), undefined);
  });

  it("tells of any number of forgotten channels", () => {
    const trimmings = new Trimmings(true);
    const keys = Array.from({ length: 500_000 }, (_, index) => `c${index}`);
    trimmings.forgot(keys, 9);
    trimmings.forgot(["x"], 10);
    assert.deepEqual(trimmings.take(), { ids: [], keys: [], forgotten: [...keys, "x"], floor: 10 });
  });
});
