import assert from "node:assert/strict";
import { connect } from "nightbus/client";
import { describe, it } from "vitest";
import { FakeMount } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

/** A storage as the client sees `sessionStorage`. */
class FakeStorage extends Map<string, string> {
  getItem(key: string): string | null {
    return this.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.set(key, value);
  }
}

describe("a storage", () => {
  it("holds where the client stands, so that the next one goes on from there", async () => {
    const mount = new FakeMount();
    const storage = new FakeStorage();
    const one = start({ storage }, mount);
    await wait();
    mount.send("a", "b");
    await wait();
    assert.deepEqual([...storage.values()], ['{"a":101,"*":101}']);
    mount.heartbeat();
    await wait();
    assert.deepEqual([...storage.values()], ['{"a":102,"*":102}']);
    one.bus.close();
    mount.send("a");
    const two = start({ storage }, mount);
    assert.equal(two.bus.last, 102);
    await wait();
    assert.deepEqual([one.ids, two.ids], [[101], [103]]);
    two.bus.close();
  });

  it("says less than a last that is given", async () => {
    const storage = new FakeStorage();
    const { bus } = start({ storage });
    await wait();
    bus.close();
    const late = start({ storage, last: 42 });
    assert.equal(late.bus.last, 42);
    late.bus.close();
  });

  it("of which nothing can be made begins now", async () => {
    const storage = { getItem: () => "nonsense", setItem: () => {} };
    const { bus, mount } = start({ storage });
    await wait();
    assert.deepEqual(mount.asked, ["GET events?channels=a"]);
    bus.close();
  });

  it("that throws is none", async () => {
    const full = (): never => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const { bus, mount, ids, errors } = start({ storage: { getItem: full, setItem: full } });
    await wait();
    mount.send("a");
    await wait();
    assert.deepEqual([ids, errors], [[101], []]);
    bus.close();
  });

  it("has a key for each mount and each word of shareTabs", () => {
    const asked: string[] = [];
    const storage = {
      getItem: (key: string) => {
        asked.push(key);
        return null;
      },
      setItem: () => {},
    };
    const { fetch } = new FakeMount();
    const open = (base: string, shareTabs = ""): void => connect(base, { storage, fetch, shareTabs }).close();
    for (const base of ["/one", "/two", "/one/"]) open(base);
    for (const user of ["ann", "bob"]) open("/one", user);
    assert.equal(asked[2], asked[0]);
    assert.equal(new Set(asked).size, 4);
  });

  it("keeps a position for each name, so that a client of other channels takes nothing away", async () => {
    const mount = new FakeMount();
    const storage = new FakeStorage();
    const one = start({ storage }, mount);
    await wait();
    one.bus.close();
    mount.send("a", "b");
    const two = start({ storage, channels: ["b"] }, mount);
    await wait();
    mount.send("b", "a");
    await wait();
    two.bus.close();
    const three = start({ storage, channels: ["a", "b"] }, mount);
    await wait();
    assert.deepEqual(
      [two.ids, three.ids],
      [
        [102, 103],
        [101, 104],
      ],
    );
    three.bus.close();
  });

  it("keeps one for what the hook adds, and hands none of that over twice", async () => {
    const mount = new FakeMount();
    mount.added = [["user", 7]];
    const storage = new FakeStorage();
    const one = start({ storage }, mount);
    await wait();
    one.bus.close();
    mount.send("a", ["user", 7]);
    const two = start({ storage, channels: ["b"] }, mount);
    await wait();
    two.bus.close();
    const three = start({ storage }, mount);
    await wait();
    assert.deepEqual([two.ids, three.ids], [[102], [101]]);
    three.bus.close();
  });

  it("is read for channels that are added before the first answer, too", async () => {
    const mount = new FakeMount();
    const storage = new FakeStorage();
    storage.set("nightbus:/longpolling:", '{"a":100,"*":102}');
    mount.send("a", "b");
    const { bus, ids } = start({ storage, channels: [] }, mount);
    bus.addChannel("a");
    await wait();
    assert.deepEqual(ids, [101]);
    bus.close();
  });

  it("is shared by clients that write at the same time, and does not grow without end", async () => {
    const mount = new FakeMount();
    const storage = new FakeStorage();
    storage.set(
      "nightbus:/longpolling:",
      JSON.stringify(Object.fromEntries([...Array(2_000).keys()].map((n) => [`r${n}`, 1]))),
    );
    const [one, two] = [start({ storage, last: 100 }, mount), start({ storage, last: 100, channels: ["b"] }, mount)];
    await wait();
    mount.send("a");
    await wait();
    const kept = JSON.parse([...storage.values()][0]!);
    assert.deepEqual([kept.a, kept.b], [101, 100]);
    assert.ok(Object.keys(kept).length < 400);
    one.bus.close();
    two.bus.close();
  });

  it("of a bare number, as an older client kept it, is no position; nor is that of another log after a gap", async () => {
    const mount = new FakeMount();
    const storage = new FakeStorage();
    storage.set("nightbus:/longpolling:", "42");
    const one = start({ storage }, mount);
    assert.equal(one.bus.last, undefined);
    await wait();
    one.bus.close();
    storage.set("nightbus:/longpolling:", '{"a":900,"*":800}');
    mount.send("a");
    const two = start({ storage }, mount);
    await wait();
    assert.deepEqual([two.gaps, two.ids], [[800], [101]]);
    two.bus.close();
  });
});
