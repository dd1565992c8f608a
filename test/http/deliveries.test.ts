import { expect, it } from "vitest";
import { Meter } from "../../src/core/meter.ts";
import { Deliveries } from "../../src/http/writing/deliveries.ts";
import { Pieces } from "../../src/http/writing/pieces.ts";
import { Unsent } from "../../src/http/writing/unsent.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { SinkDouble } from "./sinks.ts";

it("answers of several names with the same rows leave nothing behind, in whichever order they end", () => {
  const unsent = new Unsent(100, new Meter({}));
  const deliveries = new Deliveries({ clock: new ManualClock(), unsent, unsentTimeout: 1_000, failed: () => {} });
  const pieces = new Pieces(3, () => ["abc"]);
  const names = ["one", "two", "one", "three"];
  const ends = names.map((window) => {
    const sink = new SinkDouble();
    sink.reads = false;
    return deliveries.body({ head: "", pieces, tail: "", window })(sink);
  });
  unsent.hold("others", 98);
  for (const name of names) expect(() => deliveries.check(name, 3)).not.toThrow(); // these rows count already
  ends[0]!();
  expect(() => deliveries.check("one", 3)).not.toThrow();
  for (const end of ends) end();
  unsent.hold("more", 2);
  for (const name of names) expect(() => deliveries.check(name, 1)).toThrow(/unsent/);
  expect(deliveries.size).toBe(0);
});
