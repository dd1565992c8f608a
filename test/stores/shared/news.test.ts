import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Gap } from "../../../src/store.ts";
import { givenOut, isStolen, newestGone } from "../../../src/stores/shared/news.ts";

describe("the ids that were given out", () => {
  const gaps: readonly Gap[] = [
    { after: 5, before: 10 },
    { after: 12, before: 20 },
  ];
  const ids = (...list: readonly number[]): { id: number }[] => list.map((id) => ({ id }));

  it("are counted without those in gaps", () => {
    assert.equal(givenOut(1, 22, gaps), 4 + 3 + 3);
    assert.equal(givenOut(7, 11, gaps), 2);
    assert.equal(givenOut(9, 9, gaps), 0);
    assert.equal(givenOut(2, 4, []), 2);
  });

  it("are gone when no row has them and no gap does", () => {
    const all = [2, 3, 4, 5, 10, 11, 12, 20, 21, 22];
    assert.equal(newestGone(1, { last: 22, gaps, rows: ids(...all) }), 1);
    for (const gone of all) {
      assert.equal(newestGone(1, { last: 22, gaps, rows: ids(...all.filter((id) => id !== gone)) }), gone);
    }
    assert.equal(newestGone(1, { last: 22, gaps, rows: [] }), 22);
    assert.equal(newestGone(5, { last: 12, gaps: gaps.slice(0, 1), rows: ids(10, 11, 12) }), 5);
    assert.equal(newestGone(3, { last: 4, gaps: [], rows: ids() }), 4);
  });

  it("are taken away when the newest that is gone was not trimmed", () => {
    const news = { last: 5, gaps: [], rows: ids(4, 5) as never, floor: 0 };
    assert.equal(isStolen({ ...news, watermarks: [["a", 2]] }), true);
    assert.equal(isStolen({ ...news, watermarks: [["a", 3]] }), false);
    assert.equal(isStolen({ ...news, watermarks: undefined, floor: 3 }), false);
  });
});
