import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { NONE, Ring } from "../../../src/log/ring.ts";
import { chainOf, rowOf, type TestChain } from "./chains.ts";

interface Kept {
  readonly id: number;
  readonly chain: TestChain;
}

describe("a ring", () => {
  it("keeps rows, chains and order as a plain list does, whatever is added and dropped", () => {
    const step = fc.record({ push: fc.integer({ min: 0, max: 9 }), channel: fc.nat(3), skip: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const ring = new Ring<TestChain>();
        const chains = [1, 2, 3, 4].map(chainOf);
        let kept: Kept[] = [];
        let id = 0;
        for (const { push, channel, skip } of steps) {
          const chain = chains[channel]!;
          const oldest = kept.find((row) => row.chain === chain);
          if (push < 6 || oldest === undefined) {
            id += 1 + skip;
            ring.push(chain, rowOf(id, chain));
            kept.push({ id, chain });
          } else {
            assert.equal(ring.dropOldest(chain), oldest.id);
            kept = kept.filter((row) => row !== oldest);
          }
          check(ring, chains, kept, id);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gives the same object for a row at each call, also after it has grown", () => {
    const ring = new Ring<TestChain>();
    const chain = chainOf(1);
    ring.push(chain, rowOf(1, chain));
    const row = ring.rowAt(0);
    for (let id = 2; id < 1_000; id += 1) ring.push(chain, rowOf(id, chain));
    assert.equal(ring.rowAt(0), row);
    assert.deepEqual(row.notification, { id: 1, channel: "channel 1", message: 1 });
    assert.equal(row.text, '{"id":1,"channel":"channel 1","message":1}');
  });

  it("stays small while few rows are retained, however many come and go behind an old one", () => {
    const ring = new Ring<TestChain>();
    const [old, busy] = [chainOf(1), chainOf(2)];
    ring.push(old, rowOf(1, old));
    let widest = 0;
    for (let id = 2; id < 100_000; id += 1) {
      ring.push(busy, rowOf(id, busy));
      if (busy.size > 5) ring.dropOldest(busy);
      widest = Math.max(widest, ring.span);
    }
    assert.equal(ring.size, 6);
    assert.ok(widest <= 16, `${widest} places for 6 rows`);
    assert.deepEqual(
      [ring.rowAt(0).id, ring.placeAfter(99_998), ring.span],
      [1, ring.span - 1, ring.placeAfter(99_999)],
    );
  });

  it("gives its memory back when what was retained has gone", () => {
    const ring = new Ring<TestChain>();
    const [old, busy] = [chainOf(1), chainOf(2)];
    ring.push(old, rowOf(1, old));
    for (let id = 2; id < 10_000; id += 1) ring.push(busy, rowOf(id, busy));
    while (busy.size > 0) ring.dropOldest(busy);
    for (let id = 10_000; id < 40_000; id += 1) {
      ring.push(busy, rowOf(id, busy));
      ring.dropOldest(busy);
    }
    assert.ok(ring.span <= 16, `${ring.span} places for one row`);
  });

  it("finds places by time, the last of those at the same time included", () => {
    const ring = new Ring<TestChain>();
    const chain = chainOf(1);
    [10, 10, 20, 30, 30].forEach((at, index) => {
      ring.push(chain, { ...rowOf(index + 1, chain), at });
    });
    assert.deepEqual(
      [9, 10, 19, 20, 30, Number.NEGATIVE_INFINITY].map((at) => ring.placeAfterTime(at)),
      [0, 2, 2, 3, 5, 0],
    );
  });
});

function check(ring: Ring<TestChain>, chains: readonly TestChain[], kept: readonly Kept[], newest: number): void {
  assert.equal(ring.size, kept.length);
  assert.ok(ring.span >= ring.size);
  for (const chain of chains) {
    const own = kept.filter((row) => row.chain === chain).map((row) => row.id);
    const followed: number[] = [];
    for (let slot = chain.newest; slot !== NONE; slot = ring.olderThan(slot)) followed.unshift(ring.idIn(slot));
    assert.deepEqual(followed, own);
    assert.deepEqual([chain.size, chain.oldest === NONE], [own.length, own.length === 0]);
    if (own.length > 0) assert.equal(ring.idIn(chain.oldest), own[0]);
  }
  for (const { id, chain } of kept) {
    const place = ring.placeAfter(id - 1);
    assert.deepEqual([ring.rowAt(place).id, ring.chainAt(place), ring.numberAt(place)], [id, chain, chain.number]);
  }
  assert.equal(ring.placeAfter(newest), ring.span);
  if (ring.span > 0) assert.ok(ring.chainAt(0) !== undefined, "the first place is never a gap");
}
