import assert from "node:assert/strict";
import { Bus, BusError } from "nightbus";
import { describe, it } from "vitest";
import { failsWith, messagesOf, turns } from "../../src/testing/conformance/bus/topic.ts";
import { gate, StoreDouble, storeError } from "../support/doubles.ts";

describe("sending in groups", () => {
  it("commits the sends of one tick together", async () => {
    await using bed = make();
    await Promise.all([
      bed.bus.sendone("a", 1),
      bed.bus.sendmany([
        ["a", 2],
        ["b", 3],
      ]),
      bed.bus.sendone("a", 4),
    ]);
    assert.deepEqual(bed.store.appends, [[["1"], ["2", "3"], ["4"]]]);
  });

  it("gathers the next sends while one commit is under way, and never appends twice at once", async () => {
    await using bed = make();
    const { bus, store } = bed;
    const [first, rest] = [gate(), gate()];
    let under = 0;
    store.committing = async () => {
      under += 1;
      assert.equal(under, 1, "one append at a time");
      await (store.appends.length === 1 ? first : rest).promise;
      under -= 1;
    };
    const sends = [bus.sendone("a", 1)];
    await turns();
    for (const message of [2, 3, 4]) {
      sends.push(bus.sendone("a", message));
      await turns(1);
    }
    assert.deepEqual(store.appends, [[["1"]]]);
    first.resolve();
    rest.resolve();
    const ids = await Promise.all(sends);
    assert.deepEqual(store.appends, [[["1"]], [["2"], ["3"], ["4"]]]);
    assert.deepEqual(ids, [1_001, 1_002, 1_003, 1_004]);
  });

  it("keeps to the store's maxRows, unless one send is larger", async () => {
    await using bed = make();
    bed.store.maxRows = 3;
    const sizes = [2, 1, 1, 3, 5, 1, 1, 1, 1];
    await using bus = new Bus({ store: bed.store });
    const entries = (size: number) => Array.from({ length: size }, () => ["a", size] as const);
    await Promise.all(sizes.map((size) => bus.sendmany(entries(size))));
    const groups = bed.store.appends.map((sends) => sends.map(({ length }) => length));
    assert.deepEqual(groups, [[2, 1], [1], [3], [5], [1, 1, 1], [1]]);
  });

  it("rejects a send beyond the store's maxBytes alone, before it is queued", async () => {
    const store = new StoreDouble();
    store.maxBytes = 20;
    await using bus = new Bus({ store });
    const sends = [
      bus.sendone("a", 1),
      bus.sendmany([
        ["a", "1234567"],
        ["é", "123"],
      ]),
      bus.sendone("a", 3),
    ];
    // Keys and messages: 3 + 9 and 4 + 5 bytes.
    await failsWith("bad_message", () => sends[1], "at most 20 bytes", "this one has 21", "in parts");
    await Promise.all([sends[0], sends[2]]);
    assert.deepEqual(store.appends, [[["1"], ["3"]]]);
    await bus.sendmany([
      ["a", "123456"],
      ["é", "123"],
    ]);
  });

  it("tries the sends of a refused commit one by one, and rejects only those that are refused alone", async () => {
    await using bed = make();
    const { bus, store } = bed;
    store.committing = (sends) => {
      if (sends.flat().includes('"bad"')) throw storeError(true);
    };
    const results = await Promise.allSettled([
      bus.sendone("a", 1),
      bus.sendmany([
        ["a", 2],
        ["a", "bad"],
      ]),
      bus.sendone("a", 3),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(store.appends.slice(1), [[["1"]], [["2", '"bad"']], [["3"]]]);
    assert.deepEqual(messagesOf(await bus.poll(["a"])), [1, 3]);
    assert.equal(await bus.sendone("a", 4), 1_003, "and the next send works");
  });

  it("does not try again when the outcome of a commit is unknown, since that could send twice", async () => {
    await using bed = make();
    const { bus, store } = bed;
    const error = storeError(false);
    store.committing = () => {
      if (store.appends.length === 1) throw error;
    };
    const results = await Promise.allSettled([bus.sendone("a", 1), bus.sendone("a", 2)]);
    assert.deepEqual(
      results.map((result) => result.status === "rejected" && result.reason),
      [error, error],
    );
    assert.equal(store.appends.length, 1);
    assert.equal(await bus.sendone("a", 3), 1_001);
  });

  it("rejects at once all that wait when the store is unavailable, and tries what comes later afresh", async () => {
    await using bed = make();
    const { bus, store } = bed;
    const unlocked = gate();
    const error = new BusError("store", "it was locked", { refused: true, unavailable: true });
    store.committing = async () => {
      if (store.appends.length > 1) return;
      await unlocked.promise;
      throw error;
    };
    const first = [bus.sendone("a", 1), bus.sendone("a", 2)];
    await turns();
    const gathered = bus.sendone("a", 3);
    unlocked.resolve();
    for (const result of await Promise.allSettled([...first, gathered])) {
      assert.equal(result.status === "rejected" && result.reason, error);
    }
    assert.equal(store.appends.length, 1);
    assert.equal(await bus.sendone("a", 4), 1_001);
  });

  it("tries a send that is refused alone no second time", async () => {
    await using bed = make();
    bed.store.committing = () => {
      throw storeError(true);
    };
    const error = await failsWith("store", () => bed.bus.sendone("a", 1), "the disk is full");
    assert.equal(error.refused, true);
    assert.equal(bed.store.appends.length, 1);
  });

  it("resolves when the rows can be polled, and not before the store has committed", async () => {
    await using bed = make();
    const { bus, store } = bed;
    const commit = gate();
    store.committing = () => commit.promise;
    let sent = false;
    const seen: unknown[] = [];
    bus.on("notification", ({ message }) => seen.push(message));
    const parked = bus.poll(["a"], 1_000, Number.POSITIVE_INFINITY);
    const sending = bus.sendone("a", 1).then(() => {
      sent = true;
    });
    await turns();
    assert.deepEqual([sent, seen, bus.last, bus.waiting], [false, [], 1_000, 1]);
    commit.resolve();
    await sending;
    assert.deepEqual([seen, bus.last, messagesOf(await parked)], [[1], 1_001, [1]]);
  });

  it("closes after what was queued is committed, whatever becomes of it", async () => {
    const { bus, store } = make();
    const commit = gate();
    store.committing = async () => {
      await commit.promise;
      if (store.appends.length === 1) throw storeError(false);
    };
    const first = bus.sendone("a", 1);
    await turns();
    const second = bus.sendone("a", 2);
    const parked = bus.poll(["a"], bus.last, Number.POSITIVE_INFINITY);
    const closing = bus.close();
    await turns();
    assert.deepEqual([store.closes, bus.waiting], [0, 1], "who waits may still get what is queued");
    commit.resolve();
    await failsWith("store", () => first);
    assert.equal(await second, 1_001);
    await closing;
    assert.equal(store.closes, 1);
    assert.deepEqual(messagesOf(await parked), [2]);
  });
});

function make(): { readonly bus: Bus; readonly store: StoreDouble; [Symbol.asyncDispose](): Promise<void> } {
  const store = new StoreDouble();
  const bus = new Bus({ store });
  return { bus, store, [Symbol.asyncDispose]: () => bus.close() };
}
