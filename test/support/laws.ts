import fc from "fast-check";
import { describe, it } from "vitest";
import type { ModelRetention } from "../../src/testing/conformance/bus/model.ts";
import { BAD_ENTRY, FROM, GRID, ODD_HALF, Play, type Step } from "../../src/testing/conformance/bus/script.ts";
import { topicOf } from "../../src/testing/conformance/bus/topic.ts";
import type { BusFactory, Runner } from "../../src/testing/conformance/bus.ts";
import { playReaders, type Reading } from "./readers.ts";

const { POSITIVE_INFINITY } = Number;

/** A play that fails is reported before the test's own limit, with the smallest example that was found by then. */
const SHRINK = { interruptAfterTimeLimit: 45_000, markInterruptAsFailure: true };

/** The laws, over buses of one kind, each played so many times. */
export function testLaws(name: string, factory: BusFactory, runs: number, within: Runner["describe"] = describe): void {
  const { timed, over, ownTime } = topicOf(factory, it);
  const plays = { ...SHRINK, numRuns: runs };

  within(`the laws of a bus ${name}`, () => {
    it("answers every poll as a naive log does, whatever was sent, trimmed, aborted and reopened before", async () => {
      await fc.assert(
        fc.asyncProperty(
          retention(ownTime),
          fc.array(step(factory.durable, ownTime), { maxLength: 60 }),
          async (retained, steps) => {
            await timed({ retention: retained }, (fixture) => new Play(fixture, retained).run(steps))();
          },
        ),
        plays,
      );
    });

    it("gives every reader everything in the one order, each send whole, and says missed of what it cannot give", async () => {
      await fc.assert(
        fc.asyncProperty(
          bounds,
          sends,
          fc.array(reading, { minLength: 1, maxLength: 5 }),
          async (kept, sent, readings) => {
            await over({ retention: kept }, ({ bus }) => playReaders([bus], sent, readings))();
          },
        ),
        plays,
      );
    });

    if (!factory.shared) return;
    it("keeps these laws for readers who go from process to process, whichever of them sends", async () => {
      await fc.assert(
        fc.asyncProperty(
          bounds,
          sends,
          fc.array(reading, { minLength: 1, maxLength: 4 }),
          async (kept, sent, readings) => {
            await over({ retention: kept }, async ({ bus, open }) => {
              const others = [open(), open()];
              for (const other of others) await other.ready();
              await playReaders([bus, ...others], sent, readings);
            })();
          },
        ),
        plays,
      );
    });
  });
}

const bound = fc.oneof({ weight: 3, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.constant(POSITIVE_INFINITY) });

/** Rows that age by the engine's own time, which no test can move, do not age here. */
function retention(ownTime: boolean): fc.Arbitrary<ModelRetention> {
  return fc.record({
    age: ownTime ? fc.constant(POSITIVE_INFINITY) : fc.oneof(fc.constant(POSITIVE_INFINITY), grid(4)),
    count: bound,
    total: bound.map((total) => total * 2),
  });
}

const reads = {
  channels: fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
  from: fc.constantFrom(...FROM),
  pick: fc.nat(10_000),
  limit: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(POSITIVE_INFINITY)),
};

const channel = fc.oneof({ weight: 30, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.constant(BAD_ENTRY) });

function step(durable: boolean, ownTime: boolean): fc.Arbitrary<Step> {
  const timeout = fc.oneof(
    fc.constantFrom(0, POSITIVE_INFINITY),
    grid(4).map((ms) => ms + ODD_HALF),
  );
  const lookback = ownTime ? fc.constant(POSITIVE_INFINITY) : fc.oneof(fc.constant(POSITIVE_INFINITY), grid(4));
  const steps = [
    {
      weight: 8,
      arbitrary: record("send", { sends: fc.array(fc.array(channel, { maxLength: 4 }), { maxLength: 4 }) }),
    },
    { weight: 12, arbitrary: record("poll", { ...reads, timeout, lookback }) },
    { weight: 1, arbitrary: record("recent", reads) },
    { weight: 1, arbitrary: record("abort", { which: fc.nat(100) }) },
    { weight: 4, arbitrary: record("advance", { ms: grid(5) }) },
    { weight: durable ? 1 : 0, arbitrary: record("reopen", {}) },
  ];
  return fc.oneof(...(steps as { weight: number; arbitrary: fc.Arbitrary<Step> }[])); // each record is one of Step's
}

function record<T>(what: Step["do"], values: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record({ do: fc.constant(what), ...values }) as fc.Arbitrary<T>; // T and what it does
}

function grid(most: number): fc.Arbitrary<number> {
  return fc.nat(most).map((units) => units * GRID);
}

const bounds = fc.constantFrom({}, { count: 2 }, { total: 3 }, { count: 3, total: 5 });

const sends = fc.array(
  fc.record({ channels: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }), hops: fc.nat(8), wait: fc.boolean() }),
  { minLength: 1, maxLength: 25 },
);

const reading: fc.Arbitrary<Reading> = fc.record({
  channels: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
  limit: fc.constantFrom(1, 2, 3, POSITIVE_INFINITY),
  fromStart: fc.boolean(),
  hops: fc.nat(6),
  abortEvery: fc.constantFrom(0, 0, 2, 3),
});
