import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import fc from "fast-check";
import { Bus, BusError } from "nightbus";
import { describe, it, onTestFinished } from "vitest";
import type { Row } from "../../../src/store.ts";
import { failsWith, messagesOf, turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { gate, StoreDouble } from "../../support/doubles.ts";
import { FATES, FaultyStore } from "./faulty-store.ts";
import { Ordeal, type Step } from "./ordeal.ts";

const fate = fc.constantFrom(...FATES);
const size = fc.integer({ min: 1, max: 3 });

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("send"), sizes: fc.array(size, { minLength: 1, maxLength: 5 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("append", "append", "sync"), fate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("elsewhere"), size }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("park", "leap", "beyond") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("hand over", "release", "turn") }) },
) as fc.Arbitrary<Step>; // each record is one of Step's

describe("a store that fails, stalls, and answers late or twice", () => {
  it("loses nothing that was acknowledged, doubles nothing, and everybody is told the truth", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom("abruptly", "in peace"),
        fc.record({ opening: fc.oneof({ weight: 6, arbitrary: fc.constant("works" as const) }, fate), closing: fate }),
        async (steps, ends, fates) => {
          await new Ordeal(Object.assign(new FaultyStore(), fates)).run(steps, ends);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("a store that was written by somebody else", () => {
  it("may throw whatever it likes, and those who asked get a store error that leaves the outcome open", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    store.committing = () => {
      throw "no error at all";
    };
    const error = await failsWith("store", () => bus.sendone("a", 1), "no error at all");
    assert.deepEqual([error.refused, error.cause], [false, "no error at all"]);
    store.append = () => {
      throw new TypeError("at once, and not by a promise");
    };
    await failsWith("store", () => bus.sendone("a", 1), "at once");
    store.syncing = () => Promise.reject(new TypeError("not in sync"));
    await failsWith("store", () => bus.poll(["a"], 5_000, 0), "not in sync");
    const errors: Error[] = [];
    bus.on("error", (thrown) => errors.push(thrown));
    store.close = () => Promise.reject(new TypeError("not closed"));
    await bus.close();
    assert.deepEqual(
      errors.map((each) => [(each as BusError).code, each.message]),
      [["store", "the store failed: not closed"]],
    );
  });

  it("may refuse a send for ever, and works on: the other sends commit, and no failure is told", async () => {
    const told: unknown[] = [];
    const tell = (message: unknown): void => void told.push(message);
    subscribe("nightbus:error", tell);
    onTestFinished(() => void unsubscribe("nightbus:error", tell));
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    await bus.ready();
    const append = store.append.bind(store);
    store.append = async (sends) => {
      if (sends.flat().some(({ json }) => json.length > 9))
        throw new BusError("bad_message", "too large for this engine");
      return append(sends);
    };
    const sends = [bus.sendone("a", 1), bus.sendone("a", "x".repeat(10)), bus.sendone("a", 2)];
    await failsWith("bad_message", () => sends[1], "too large");
    await Promise.all([sends[0], sends[2]]);
    assert.deepEqual([messagesOf(await bus.poll(["a"], 0, 0)), told], [[1, 2], []]);
  });

  it("commits nothing when it does not open, and the sends that waited for it are told so", async () => {
    for (const thrown of [new TypeError("no"), new BusError("store", "no")]) {
      const store = new StoreDouble();
      store.opening = Promise.reject(thrown);
      await using bus = new Bus({ store });
      const error = await failsWith("store", () => bus.sendone("a", 1), "no");
      assert.equal(error.refused, true);
    }
  });

  it("that is cut off leaves the outcome open for what it was given, and not for what waited behind that", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    const cut = gate();
    store.committing = () => cut.promise;
    const given = bus.sendone("a", 1);
    await turns();
    const waiting = bus.sendone("a", 2);
    cut.reject(new BusError("store", "the connection is gone", { unavailable: true }));
    const errors = [await failsWith("store", () => given), await failsWith("store", () => waiting)];
    assert.deepEqual(
      errors.map(({ refused, unavailable }) => [refused, unavailable]),
      [
        [false, true],
        [true, true],
      ],
    );
  });

  it("may hand over again what it does not know to have arrived, and everybody gets it once", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    await bus.ready();
    const heard: number[] = [];
    bus.on("notification", ({ id }) => heard.push(id));
    const { sink } = store;
    let handedOver: readonly Row[] = [];
    store.sink = {
      ...sink,
      clock: sink.clock,
      add(rows) {
        handedOver = [...handedOver, ...rows];
        sink.add(handedOver);
      },
    };
    const row = (message: string) => ({ key: '"a"', json: JSON.stringify(message) });
    for (const message of ["one", "two", "three"]) store.commit([row(message)]);
    sink.add(handedOver);
    await turns();
    assert.deepEqual(heard, [1_001, 1_002, 1_003]);
    assert.deepEqual(messagesOf(await bus.poll(["a"])), ["one", "two", "three"]);
    sink.reset({ begin: 10, last: 10, gaps: [], watermarks: [], floor: 0 });
    sink.add([{ ...row("anew"), id: 11, send: 11, at: Date.now() }]);
    assert.deepEqual(messagesOf(await bus.poll(["a"])), ["anew"], "of another log it is something else");
  });

  it("may fail to forget what was trimmed, which is reported and fails neither readers nor the process", async () => {
    const [store, clock] = [new StoreDouble(), new ManualClock()];
    await using bus = new Bus({ store, clock, retention: { age: 4_000, count: 1 } });
    const errors: Error[] = [];
    bus.on("error", (thrown) => errors.push(thrown));
    store.trim = () => {
      throw new TypeError("cannot forget");
    };
    await bus.sendone("a", 1);
    await bus.sendone("a", 2);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [2]);
    clock.advance(6_000);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), []);
    assert.deepEqual(
      errors.map(({ message }) => message),
      Array(2).fill("the store's trim() failed: cannot forget"),
    );
  });

  it("may throw at once when it is opened, and its reason is told", async () => {
    const store = new StoreDouble();
    store.open = () => {
      throw new TypeError("no such place");
    };
    await using bus = new Bus({ store });
    const errors: Error[] = [];
    bus.on("error", (thrown) => errors.push(thrown));
    await failsWith("store", () => bus.ready(), "no such place");
    assert.match(`${errors}`, /^BusError: the store failed: no such place$/);
  });

  it.each([
    ["none", []],
    ["too few", [[1_001]]],
    ["no numbers", [["1001", "1002"]]],
    ["nothing", undefined],
  ])("may answer %s of the ids, which fails the send and leaves its outcome open", async (_, ids) => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    store.append = async () => ids as readonly (readonly number[])[];
    const two = [
      ["a", 1],
      ["a", 2],
    ] as const;
    const error = await failsWith("store", () => bus.sendmany(two), "append() must return ids for sends of 2 rows");
    assert.equal(error.refused, false);
  });

  it("may reject when it is to forget, which is reported and leaves no rejection unhandled", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store, retention: { count: 1 } });
    const errors: Error[] = [];
    bus.on("error", (thrown) => errors.push(thrown));
    store.trim = () => Promise.reject(new TypeError("cannot forget")) as never;
    await bus.sendmany([1, 2].map((message) => ["a", message]));
    await turns(3);
    assert.match(`${errors}`, /^BusError: the store's trim\(\) failed: cannot forget$/);
  });

  it.each([
    ["throws", "no clock", () => assert.fail("no clock")],
    ["is no number", "it returned NaN", () => Number.NaN],
  ])("may have a clock that %s, which is reported once, and time goes on", async (_, says, now) => {
    const [store, clock] = [Object.assign(new StoreDouble(), { now: (): number => clock.now() }), new ManualClock()];
    await using bus = new Bus({ store, clock, retention: { age: 1_000 } });
    const errors: Error[] = [];
    bus.on("error", (thrown) => errors.push(thrown));
    await bus.sendone("a", 1);
    store.now = now;
    clock.advance(900);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [1]);
    clock.advance(200);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), []);
    assert.match(`${errors}`, new RegExp(`^BusError: the store's now\\(\\) must return a time in ms: ${says}$`));
  });
});
