import fc from "fast-check";
import { Bus } from "nightbus";
import { websocket } from "nightbus/websocket";
import { expect, it, vi } from "vitest";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { Fleet } from "./fleet.ts";

// Two sockets are told in the turn of a commit, and the others later.
vi.mock("../../../src/waiters/slice.ts", () => ({ SLICE: 2 }));

/** A step of a play: sends, and the deeds of a client. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      sends: fc.array(fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("subscribe" as const),
      client: fc.nat(3),
      channels: fc.uniqueArray(fc.nat(4)),
      settles: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const), client: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pause" as const), client: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("resume" as const), client: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(3_000) }) },
);

it("every socket gets what its channels had since its position, once and in order, each send whole", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      async (steps, generations) => {
        const clock = new ManualClock();
        const bus = new Bus({ clock, limit: 3 });
        await bus.ready();
        const fleet = new Fleet(bus, clock, () => websocket(bus, { maxBuffered: 2_000 }), generations);
        try {
          await fleet.begin();
          for (const each of steps) await fleet.play(each);
          await fleet.end();
          await turns();
        } finally {
          await fleet.close();
        }
      },
    ),
    { numRuns: 150, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true },
  );
  expect.assertions(0);
});
