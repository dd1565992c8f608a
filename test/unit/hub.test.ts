import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { describe, it } from "vitest";
import { hubOf } from "../../src/bus.ts";
import { failsWith, isPending, messagesOf, turns } from "../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";
import { gate, StoreDouble, storeError } from "../support/doubles.ts";

const FOREVER = Number.POSITIVE_INFINITY;
const ROW = { key: '"a"', json: '"theirs"' };

describe("a store that does not open", () => {
  it("makes ready, sends, polls and subscriptions reject with its error, and one error event", async () => {
    const open = gate();
    const { bus, store, errors } = make(open.promise);
    const error = storeError(true);
    const signal = new AbortController().signal;
    const calls = [
      bus.ready(),
      bus.sendone("a", 1),
      bus.sendmany([["a", 1]]),
      bus.poll(["a"]),
      bus.poll(["a"], 5, FOREVER, { signal }),
      bus.recent(["a"], 1),
      bus.subscribe(["a"]).next(),
      bus.subscribe(["a"], { last: 5 }).next(),
    ];
    assert.equal(bus.last, 0);
    open.reject(error);
    for (const call of calls) await assert.rejects(call, (thrown) => thrown === error);
    for (const call of [() => bus.ready(), () => bus.sendone("a", 1), () => bus.poll(["a"])]) {
      await assert.rejects(call(), (thrown) => thrown === error);
    }
    assert.deepEqual(errors, [error]);
    await bus.close();
    assert.equal(store.closes, 0, "it holds nothing open");
    await failsWith("closed", () => bus.ready());
  });

  it("leaves no rejection unhandled when nobody asks", async () => {
    const open = gate();
    const { bus } = make(open.promise);
    bus.removeAllListeners("error");
    bus.subscribe(["a"]);
    open.reject(storeError(true));
    await turns(5); // vitest fails the run for one
    await bus.close();
  });
});

describe("a store that opens late", () => {
  it("holds up sends and polls, which then go on by themselves", async () => {
    const open = gate();
    const { bus } = make(open.promise);
    const poll = bus.poll(["a"], 0, FOREVER);
    const sent = bus.sendone("a", 1);
    assert.equal(await isPending(poll), true);
    open.resolve();
    assert.equal(await sent, 1_001);
    assert.deepEqual(messagesOf(await poll), [1]);
    await bus.close();
  });

  it("lets a poll that waits for it be aborted", async () => {
    const open = gate();
    const { bus } = make(open.promise);
    const end = new AbortController();
    const poll = bus.poll(["a"], 0, FOREVER, { signal: end.signal });
    end.abort("left");
    await assert.rejects(poll, (thrown) => thrown === "left");
    open.resolve();
    await bus.close();
  });

  it("is closed when the bus was closed meanwhile, and nothing is called after that", async () => {
    const open = gate();
    const { bus, store } = make(open.promise);
    const poll = bus.poll(["a"], 0, FOREVER);
    const closing = bus.close();
    await turns();
    assert.equal(store.closes, 0);
    open.resolve();
    await closing;
    assert.deepEqual([store.closes, await poll], [1, []]);
  });
});

describe("a cursor from a faster process", () => {
  it("is awaited with one sync under way and one queued, shared by all", async () => {
    const { bus, store } = make();
    await bus.ready();
    const syncs = [gate(), gate(), gate()];
    store.syncing = () => syncs[store.syncs - 1]?.promise;
    const first = bus.poll(["a"], 1_001, 0);
    await turns();
    const next = Array.from({ length: 10 }, () => bus.poll(["a"], 1_001, 0));
    await turns();
    assert.equal(store.syncs, 1);
    syncs[0]?.resolve();
    assert.equal((await first).missed, true, "its sync has ended");
    await turns();
    assert.equal(store.syncs, 2, "a sync that began before a call does not count for it");
    store.commit([ROW]);
    syncs[1]?.resolve();
    for (const batch of await Promise.all(next)) assert.deepEqual([batch, batch.missed], [[], false]);
    assert.equal(store.syncs, 2);
    await bus.close();
  });

  it("is known once the sync has handed it over, and the poll then waits as any other", async () => {
    const { bus, store } = make();
    await bus.ready();
    store.syncing = () => void store.commit([ROW]);
    const poll = bus.poll(["a"], 1_001, FOREVER);
    await turns();
    assert.deepEqual([bus.waiting, bus.last], [1, 1_001]);
    store.commit([ROW]);
    assert.deepEqual(messagesOf(await poll), ["theirs"]);
    await bus.close();
  });

  it("rejects with store if the sync fails, and the next poll syncs again", async () => {
    const { bus, store, errors } = make();
    await bus.ready();
    const error = storeError(true);
    store.syncing = () => {
      if (store.syncs === 1) throw error;
    };
    await assert.rejects(bus.poll(["a"], 1_001, 0), (thrown) => thrown === error);
    assert.equal((await bus.poll(["a"], 1_001, 0)).missed, true);
    assert.deepEqual(errors, [], "who asked was told");
    await bus.close();
  });

  it("can be aborted while the sync is under way", async () => {
    const { bus, store } = make();
    await bus.ready();
    const sync = gate();
    store.syncing = () => sync.promise;
    const end = new AbortController();
    const poll = bus.poll(["a"], 1_001, FOREVER, { signal: end.signal });
    await turns();
    end.abort("left");
    await assert.rejects(poll, (thrown) => thrown === "left");
    sync.resolve();
    await bus.close();
  });

  it("costs no sync when the cursor is known", async () => {
    const { bus, store } = make();
    await bus.ready();
    for (const last of [0, 1, 1_000]) await bus.poll(["a"], last, 0);
    assert.equal(store.syncs, 0);
    await bus.close();
  });
});

describe("what other processes do", () => {
  it("wakes parked polls, and is answered as one when it is handed over in one tick", async () => {
    const { bus, store } = make();
    await bus.ready();
    const poll = bus.poll(["a"], 1_000, FOREVER);
    await turns();
    for (let count = 0; count < 3; count += 1) store.commit([ROW]);
    const batch = await poll;
    assert.deepEqual([batch.length, batch.last], [3, 1_003]);
    await bus.close();
  });

  it("wakes a parked poll with missed when others trimmed what it never saw, but not one from 0", async () => {
    const { bus, store } = make();
    await bus.ready();
    const [poll, fromZero, other] = [1_000, 0, 1_000].map((last, index) =>
      bus.poll([index === 2 ? "b" : "a"], last, FOREVER),
    );
    await turns();
    const last = store.skip(3);
    store.sink.noteTrims({ last, watermarks: [['"a"', last]], floor: 0 });
    const batch = await poll!;
    assert.deepEqual([batch, batch.missed, batch.last], [[], true, last]);
    await turns();
    assert.deepEqual([bus.waiting, bus.last], [2, last]);
    store.commit([ROW, { ...ROW, key: '"b"' }]);
    for (const each of [fromZero, other]) assert.deepEqual([(await each!).length, (await each!).missed], [1, false]);
    await bus.close();
  });

  it("says missed together with what came in the same tick", async () => {
    const { bus, store } = make();
    await bus.ready();
    const poll = bus.poll(["a"], 1_000, FOREVER);
    await turns();
    const last = store.skip(3);
    store.sink.noteTrims({ last, watermarks: [['"a"', last]], floor: 0 });
    store.commit([ROW]);
    const batch = await poll;
    assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [["theirs"], true, last + 1]);
    await bus.close();
  });

  it("gives up what others have trimmed, but not before those who wait were answered", async () => {
    const { bus, store } = make();
    await bus.ready();
    await bus.sendmany([
      ["a", 1],
      ["a", 2],
      ["b", 3],
    ]);
    const poll = bus.poll(["a"], bus.last, FOREVER);
    await turns();
    store.sink.noteTrims({ last: 1_003, watermarks: [['"a"', 1_001]], floor: 0 });
    store.commit([ROW]);
    assert.deepEqual(messagesOf(await poll), ["theirs"]);
    const [behind, level] = [await bus.poll(["a"], 1_000, 0), await bus.poll(["a"], 1_001, 0)];
    assert.deepEqual([messagesOf(behind), behind.missed], [[2, "theirs"], true]);
    assert.deepEqual([messagesOf(level), level.missed], [[2, "theirs"], false]);
    assert.deepEqual(messagesOf(await bus.poll(["a", "b"], 0, 0)), [2, 3, "theirs"]);
    await bus.close();
  });

  it("does not call missed what those who wait are given, though others trim it in the same tick", async () => {
    const { bus, store } = make();
    await bus.ready();
    const poll = bus.poll(["a"], bus.last, FOREVER);
    await turns();
    store.commit([ROW]);
    store.sink.noteTrims({ last: bus.last, watermarks: [[ROW.key, bus.last]], floor: 0 });
    const batch = await poll;
    assert.deepEqual([messagesOf(batch), batch.missed], [["theirs"], false]);
    await bus.close();
  });

  it.each([5_000, 10])("tells everybody from before missed when the log begins anew, at %i", async (begin) => {
    const { bus, store } = make();
    await bus.ready();
    await bus.sendone("a", 1);
    const waiting = [1_001, 0].map((last) => bus.poll(last === 0 ? ["b"] : ["a", "b"], last, FOREVER));
    await turns();
    store.restart(begin);
    assert.equal(bus.last, begin);
    const [behind, fromZero] = [await bus.poll(["a"], 1_000, 0), await bus.poll(["a"], 0, 0)];
    assert.deepEqual([[...behind], behind.missed, behind.last], [[], true, begin]);
    assert.deepEqual([[...fromZero], fromZero.missed], [[], false]);
    assert.equal((await bus.poll(["a"], begin, 0)).missed, false);
    const [told, untold] = waiting;
    assert.deepEqual([(await told!).missed, (await told!).last], [true, begin]);
    assert.equal(await isPending(untold!), true);
    await bus.sendone("b", 2);
    assert.deepEqual([(await untold!).missed, messagesOf(await untold!)], [false, [2]]);
    assert.deepEqual((await bus.poll(["a", "b"], 0, 0)).last, begin + 1);
    await bus.close();
  });

  it("reports what fails in the background as an error event", async () => {
    const { bus, store, errors } = make();
    await bus.ready();
    const error = storeError(true);
    store.sink.error(error);
    assert.deepEqual(errors, [error]);
    await bus.close();
  });

  it("checks a store that failed by asking it again", async () => {
    const { bus, store } = make();
    const reader = hubOf(bus);
    assert.equal(await reader.check(), false, "not yet open");
    await bus.ready();
    assert.equal(await reader.check(), true);
    assert.equal(store.syncs, 0, "what works is not asked");
    store.sink.error(storeError(true));
    store.syncing = () => Promise.reject(storeError(true));
    assert.equal(await reader.check(), false);
    store.syncing = () => {};
    assert.equal(await reader.check(), true);
    await bus.close();
    assert.equal(await reader.check(), false);
  });

  it("rejects the readers of a stored message that is no JSON, and nobody else", async () => {
    const { bus, store, errors } = make();
    await bus.ready();
    const seen: unknown[] = [];
    bus.on("notification", ({ message }) => seen.push(message));
    const [bad, good] = [bus.poll(["bad"], 1_000, FOREVER), bus.poll(["a"], 1_000, FOREVER)];
    await turns();
    store.commit([{ key: '"bad"', json: "{" }, ROW]);
    await failsWith("store", () => bad, "notification 1001 is no JSON");
    assert.deepEqual([messagesOf(await good), seen, errors.length], [["theirs"], ["theirs"], 1]);
    assert.equal(bus.waiting, 0);
    await bus.close();
  });
});

describe("what is trimmed", () => {
  it("is told to the store at once, each row with its channel", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store, retention: { count: 1, total: 2 } });
    for (const channel of ["a", "a", "b", "c"]) await bus.sendone(channel, 1);
    assert.deepEqual(
      store.trims.map(({ ids, keys }) => ids.map((id, index) => [id, keys[index]])),
      [[[1_001, '"a"']], [[1_002, '"a"']]],
    );
  });

  it("is told after a while also when nobody reads, by a timer of the retention", async () => {
    const [store, clock] = [new StoreDouble(), new ManualClock()];
    await using bus = new Bus({ store, clock, retention: { age: 4_000 } });
    await bus.sendone("a", 1);
    clock.advance(4_000);
    assert.equal(store.trims.length, 0);
    clock.advance(1_001);
    assert.deepEqual(store.trims[0]?.ids, [1_001]);
  });

  it("does not fail the bus when the store cannot close", async () => {
    const { bus, store, errors } = make();
    await bus.ready();
    const error = storeError(true);
    store.close = () => Promise.reject(error);
    await bus.close();
    assert.deepEqual(errors, [error]);
  });
});

function make(opening = Promise.resolve()): {
  readonly bus: Bus;
  readonly store: StoreDouble;
  readonly errors: Error[];
} {
  const [store, errors]: [StoreDouble, Error[]] = [new StoreDouble(), []];
  store.opening = opening;
  const bus = new Bus({ store });
  bus.on("error", (error) => errors.push(error));
  return { bus, store, errors };
}
