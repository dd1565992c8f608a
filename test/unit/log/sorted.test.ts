import assert from "node:assert/strict";
import fc from "fast-check";
import { it } from "vitest";
import { sortPlaces } from "../../../src/log/sort-places.ts";

it("sorts as a plain sort does, in place, whether the places are few or many, and remembers none", () => {
  const between = fc.record({ from: fc.nat(5_000), length: fc.integer({ min: 1, max: 5_000 }) });
  fc.assert(
    fc.property(
      between.chain(({ from, length }) =>
        fc.record({
          from: fc.constant(from),
          end: fc.constant(from + length),
          places: fc.uniqueArray(fc.integer({ min: from, max: from + length - 1 }), { maxLength: 400 }),
        }),
      ),
      ({ from, end, places }) => {
        const given = Int32Array.from(places);
        assert.equal(sortPlaces(given, from, end), given);
        assert.deepEqual(
          [...given],
          [...places].sort((a, b) => a - b),
        );
      },
    ),
    { numRuns: 500 },
  );
});

it("sorts all places of a range", () => {
  const all = Array.from({ length: 3_333 }, (_, index) => 77 + index);
  assert.deepEqual([...sortPlaces(Int32Array.from(all.toReversed()), 77, 77 + all.length)], all);
});
