import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { KEPT_WATERMARKS, Watermarks } from "../../../src/log/watermarks.ts";

describe("watermarks", () => {
  it("knows nothing of a channel that never lost anything", () => {
    const watermarks = new Watermarks(0, [["a", 7]]);
    assert.deepEqual([watermarks.of("a"), watermarks.of("b"), watermarks.floor], [7, 0, 0]);
  });

  it("gives a watermark back once, to who takes it", () => {
    const watermarks = new Watermarks(0, [["a", 7]]);
    assert.deepEqual([watermarks.take("a"), watermarks.of("a")], [7, 0]);
    assert.deepEqual(watermarks.put("a", 9), []);
    assert.equal(watermarks.of("a"), 9);
  });

  it("never moves one back", () => {
    const watermarks = new Watermarks(0, [["a", 7]]);
    watermarks.put("a", 3);
    assert.equal(watermarks.of("a"), 7);
    watermarks.raiseFloor(5);
    watermarks.raiseFloor(2);
    assert.deepEqual([watermarks.of("b"), watermarks.floor], [5, 5]);
    watermarks.put("b", 4);
    assert.equal(watermarks.of("b"), 5);
  });

  it("keeps the newest 100,000 and folds the older into the floor, naming each that it forgets once", () => {
    const watermarks = new Watermarks(0, []);
    const forgotten: string[] = [];
    const all = 300_000;
    for (let id = 1; id <= all; id += 1) {
      for (const key of watermarks.put(`c${id}`, id)) forgotten.push(key);
      assert.ok(id - forgotten.length <= KEPT_WATERMARKS * 1.05 + 1, "bounded at any time");
    }
    assert.ok(all - forgotten.length >= KEPT_WATERMARKS);
    assert.deepEqual(
      forgotten,
      forgotten.map((_, index) => `c${index + 1}`),
    );
    assert.equal(watermarks.floor, forgotten.length);
    assert.equal(watermarks.of("c1"), watermarks.floor, "of a forgotten one it says the most it can be");
    assert.equal(watermarks.of(`c${forgotten.length + 1}`), forgotten.length + 1);
    assert.equal(watermarks.of(`c${all}`), all);
  });

  it("takes up as many as a store has kept, and folds the oldest of them first", () => {
    const kept = Array.from({ length: 400_000 }, (_, index) => [`c${index}`, 400_000 - index] as const);
    const watermarks = new Watermarks(0, kept);
    const forgotten = watermarks.put("new", 500_000);
    assert.equal(forgotten.length, 300_001);
    assert.deepEqual([watermarks.floor, watermarks.of("c0"), watermarks.of("new")], [300_001, 400_000, 500_000]);
  });
});
