import assert from "node:assert/strict";
import { connect } from "nightbus/client";
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { FakeMount } from "./mount.ts";
import { start, wait } from "./start.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** What `sessionStorage` is for the client. */
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
});
