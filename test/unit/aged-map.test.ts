import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { AgedMap } from "../../src/util/aged-map.ts";

interface Value {
  readonly age: number;
}

describe("a map that drops its oldest values", () => {
  it("is a map whose keys move to the end when they are set", () => {
    const set = fc.record({ does: fc.constant("set" as const), key: fc.nat(9).map(String) });
    const drop = fc.record({ does: fc.constant("drop" as const), kept: fc.nat(9) });
    const turn = fc.record({ does: fc.constant("turn" as const) });
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 6, arbitrary: set }, drop, turn), { maxLength: 60 }), (steps) => {
        const [map, model] = [new AgedMap<Value>(), new Map<string, Value>()];
        for (const [age, step] of steps.entries()) {
          if (step.does === "set") {
            map.set(step.key, { age });
            model.delete(step.key);
            model.set(step.key, { age });
          } else if (step.does === "drop") {
            map.drop(() => map.size > step.kept);
            for (const key of [...model.keys()].slice(0, Math.max(0, model.size - step.kept))) model.delete(key);
          } else {
            map.sort((one, other) => one.age - other.age);
          }
          assert.equal(map.size, model.size);
          for (let key = 0; key < 10; key += 1) assert.deepEqual(map.get(`${key}`), model.get(`${key}`));
        }
      }),
    );
  });

  it("looks at each value once, however many were dropped before", () => {
    const map = new AgedMap<Value>();
    let looks = 0;
    for (let age = 0; age < 10_000; age += 1) {
      map.set(`${age}`, { age });
      map.drop(() => {
        looks += 1;
        return map.size > 100;
      });
    }
    assert.ok(looks < 20_001, `${looks}`);
    assert.equal(map.size, 100);
  });
});
