import assert from "node:assert/strict";
import { describe, it, onTestFinished, vi } from "vitest";
import { FakeMount, refuse } from "./mount.ts";
import { FakeStorage, heard } from "./queue-bed.ts";
import { start, useFakeTime, wait } from "./start.ts";

const MINUTE = 60_000;

useFakeTime();

/** A page with a queue over this storage. */
function open(storage: FakeStorage, mount = new FakeMount(), options: Parameters<typeof heard>[1] = {}) {
  const client = start({}, mount);
  onTestFinished(() => client.bus.close());
  return { ...client, ...heard(client.bus, { storage, name: "ann", ...options }) };
}

/** A mount that loses the answer of each send until it is healed. */
function losing(): FakeMount {
  const mount = new FakeMount();
  mount.loses = () => true;
  return mount;
}

const quota = (): never => {
  throw new DOMException("full", "QuotaExceededError");
};

describe("sends in a storage", () => {
  it("survive a reload in order, also one whose answer was lost, and their events come in the next page", async () => {
    const storage = new FakeStorage();
    const mount = losing();
    const first = open(storage, mount);
    await wait();
    for (const message of [1, 2, 3]) void first.queue.sendone("a", message).catch(() => {});
    await wait(5 * MINUTE);
    assert.deepEqual(mount.messages, [1]);
    first.bus.close();
    mount.loses = () => false;
    const second = open(storage, mount);
    assert.equal(second.queue.waiting, 3);
    await wait(1_000);
    assert.deepEqual(mount.messages, [1, 2, 3]);
    assert.deepEqual([second.sent.map(({ ids }) => ids), storage.length], [[[101], [102], [103]], 0]);
    assert.deepEqual([first.givenUp, second.givenUp], [[], []]);
  });

  it("that were tried too long ago are unknown after a reload, and those that never were go out", async () => {
    const storage = new FakeStorage();
    const mount = losing();
    const first = open(storage, mount);
    await wait();
    for (const message of [1, 2]) void first.queue.sendone("a", message).catch(() => {});
    await wait(MINUTE);
    first.bus.close();
    await wait(60 * MINUTE);
    mount.loses = () => false;
    const { givenUp, sent } = open(storage, mount);
    await wait(1_000);
    assert.deepEqual(
      givenUp.map(({ reason, entries }) => [reason, entries]),
      [["unknown", [["a", 1]]]],
    );
    assert.deepEqual([mount.messages, sent.length], [[1, 2], 1]);
  });

  it("are unknown if the clock now lies before their first try", async () => {
    const storage = new FakeStorage();
    const mount = losing();
    const first = open(storage, mount);
    await wait();
    void first.queue.sendone("a", 1).catch(() => {});
    await wait(MINUTE);
    first.bus.close();
    vi.setSystemTime(Date.now() - 10 * MINUTE);
    const { givenUp } = open(storage, mount);
    await wait(1_000);
    assert.deepEqual(
      givenUp.map(({ reason }) => reason),
      ["unknown"],
    );
  });

  it("of another name stay where they are", async () => {
    const storage = new FakeStorage();
    const mount = new FakeMount();
    vi.stubGlobal("navigator", { onLine: false });
    const anns = open(storage, mount);
    void anns.queue.sendone("a", "Ann's").catch(() => {});
    anns.bus.close();
    vi.unstubAllGlobals();
    const bens = [open(storage, mount, { name: "ben" }), open(storage, mount, { name: "an" })];
    await wait(MINUTE);
    assert.deepEqual([mount.messages, storage.length, bens.map(({ queue }) => queue.waiting)], [[], 1, [0, 0]]);
  });

  it("are not asked for again and again if the storage lists them and cannot read them", async () => {
    const storage = new FakeStorage();
    storage.setItem(`nightbus:queue:1:ann:1.${"0".repeat(32)}`, '{"tried":"0","entries":[["a",1]]}');
    const read = vi.spyOn(storage, "getItem").mockImplementation(() => {
      if (read.mock.calls.length < 100) throw new Error("corrupt");
      return null;
    });
    const { queue, errors } = open(storage);
    await wait();
    assert.ok(read.mock.calls.length < 100);
    assert.deepEqual([errors, queue.waiting], [["storage"], 1]);
  });

  it("go out behind content that is no send and that the storage does not remove", async () => {
    const storage = new FakeStorage();
    storage.setItem("nightbus:queue:1:ann:none", "nothing");
    const remove = storage.removeItem.bind(storage);
    vi.spyOn(storage, "removeItem").mockImplementation((key) => {
      if (!key.endsWith("none")) remove(key);
    });
    const mount = new FakeMount();
    const { queue, errors } = open(storage, mount);
    void queue.sendone("a", 1);
    await wait();
    assert.deepEqual(mount.messages, [1]);
    assert.ok(errors.length < 10);
  });

  it("wait in memory if the storage is full, in their place, and onError hears of it once", async () => {
    const storage = new FakeStorage();
    vi.stubGlobal("navigator", { onLine: false });
    const { queue, errors, mount } = open(storage);
    await wait();
    const ids = [queue.sendone("a", 1)];
    storage.refuses = quota;
    ids.push(queue.sendone("a", 2), queue.sendone("a", 3));
    storage.refuses = () => {};
    ids.push(queue.sendone("a", 4));
    assert.deepEqual([errors, storage.length, queue.waiting], [["storage"], 2, 4]);
    vi.unstubAllGlobals();
    ids.push(queue.sendone("a", 5));
    await wait();
    assert.deepEqual(
      [mount.messages, await Promise.all(ids)],
      [
        [1, 2, 3, 4, 5],
        [101, 102, 103, 104, 105],
      ],
    );
  });

  it("are never tried without a mark in the storage: one that cannot be marked goes on in memory", async () => {
    const storage = new FakeStorage();
    const { queue, errors, mount } = open(storage);
    void queue.sendone("a", 1).catch(() => {});
    storage.refuses = quota;
    mount.loses = () => true;
    await wait(MINUTE);
    assert.deepEqual([mount.messages, storage.length, queue.waiting, errors], [[1], 0, 1, ["storage"]]);
  });

  it("need no more room when they are marked as tried", async () => {
    const storage = new FakeStorage();
    const sizes: number[] = [];
    storage.refuses = (_, value) => sizes.push(value.length);
    const { queue, mount } = open(storage);
    mount.fault = (asked) => (asked.includes("send") ? refuse(503, "store") : undefined);
    void queue.sendone("a", 1).catch(() => {});
    await wait(MINUTE);
    assert.deepEqual(new Set(sizes).size, 1);
    assert.equal(sizes.length, 2, "the first try counts, and is marked once");
  });

  it("go on without a storage that throws at every call", async () => {
    const storage = new FakeStorage();
    for (const name of ["getItem", "setItem", "removeItem", "key"] as const)
      vi.spyOn(storage, name).mockImplementation(quota);
    vi.spyOn(storage, "length", "get").mockImplementation(quota);
    const { queue, errors, mount } = open(storage);
    const id = queue.sendone("a", 1);
    await wait();
    assert.deepEqual([await id, mount.messages, errors], [101, [1], ["storage"]]);
  });

  it.each([
    ["text", "nonsense"],
    ["null", "null"],
    ["entries that are none", '{"tried":"0000000000000","entries":[["a"]]}'],
    ["a mark that is none", '{"tried":"soon","entries":[["a",1]]}'],
  ])("do not stand behind foreign content, such as %s, which is removed and told of", async (_, text) => {
    const storage = new FakeStorage();
    storage.setItem(`nightbus:queue:1:ann:5.${"0".repeat(32)}`, text);
    storage.setItem("nightbus:queue:1:ann:not mine", text);
    storage.setItem("other", text);
    const { queue, errors, mount } = open(storage);
    const id = queue.sendone("a", 1);
    await wait();
    assert.deepEqual([await id, mount.messages, errors], [101, [1], ["storage", "storage"]]);
    assert.deepEqual([...storage.items.keys()], ["other"]);
  });
});
