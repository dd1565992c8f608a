import fc from "fast-check";
import { describe, it } from "vitest";
import type { Runner } from "../../src/testing/conformance/bus.ts";
import type { StoreFactory } from "../../src/testing/conformance/store/topic.ts";
import { KeyPlay, type KeyStep, type PlayOptions } from "./key-play.ts";

/** A play that fails is reported before the test's own limit, with the smallest example that was found by then. */
const SHRINK = { interruptAfterTimeLimit: 45_000, markInterruptAsFailure: true };

/** A window that the steps of a play cross, and one that outlives each play. */
const SHORT = 100;
const LONG = 600_000;

/** The law of keys, over buses on stores of one kind, played so many times. */
export function testKeyLaws(
  name: string,
  factory: StoreFactory,
  runs: number,
  within: Runner["describe"] = describe,
): void {
  within(`the law of keys of a bus ${name}`, () => {
    it("commits each keyed send once, whatever is lost, trimmed, repeated, restarted and forgotten meanwhile", async () => {
      await fc.assert(
        fc.asyncProperty(optionsFor(factory), fc.array(stepFor(factory), { maxLength: 25 }), (options, steps) =>
          new KeyPlay(factory, options).run(steps),
        ),
        { ...SHRINK, numRuns: runs },
      );
    });
  });
}

function optionsFor({ ownTime = false }: StoreFactory): fc.Arbitrary<PlayOptions> {
  return fc.record({
    window: ownTime ? fc.constant(LONG) : fc.constantFrom(SHORT, LONG),
    count: fc.constantFrom(2, 1_000, 1_000),
    kept: fc.constantFrom(2, Number.POSITIVE_INFINITY),
  });
}

function stepFor({ durable, shared, ownTime = false }: StoreFactory): fc.Arbitrary<KeyStep> {
  const send = fc.record({
    bus: fc.nat(2),
    name: fc.oneof(
      { weight: 5, arbitrary: fc.nat(4) },
      { weight: 1, arbitrary: fc.constant(undefined) }, // a send without a key
    ),
    variant: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  });
  const sends = fc.array(send, { minLength: 1, maxLength: 4 });
  const lost = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 2 }) },
  );
  const steps = [
    { weight: 8, arbitrary: fc.record({ do: fc.constant("send" as const), sends, lost }) },
    {
      weight: ownTime ? 0 : 2,
      arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 40, SHORT - 1, SHORT) }),
    },
    { weight: shared ? 1 : 0, arbitrary: fc.record({ do: fc.constant("join" as const) }) },
    { weight: durable ? 1 : 0, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
    { weight: durable ? 2 : 0, arbitrary: fc.record({ do: fc.constant("crash" as const), name: fc.nat(4) }) },
  ];
  return fc.oneof(...(steps as { weight: number; arbitrary: fc.Arbitrary<KeyStep> }[])); // each record is one of KeyStep's
}
