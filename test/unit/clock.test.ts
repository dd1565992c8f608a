import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { afterEach, describe, it, vi } from "vitest";
import { messagesOf } from "../../src/testing/conformance/bus/topic.ts";
import { keepAlive, systemClock } from "../../src/util/clock.ts";
import { noteGivenOut } from "../../src/util/ids.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("the machine's clock", () => {
  it("begins epochs at the clock in quarters of a microsecond, each above all ids of this process", () => {
    const now = (Date.now() - Date.UTC(2020, 0, 1)) * 4_000;
    const first = systemClock.base();
    assert.ok(first >= now && Number.isSafeInteger(first));
    assert.ok(systemClock.base() > first);
    const ahead = first + 240_000_000;
    noteGivenOut(ahead);
    noteGivenOut(first);
    assert.ok(systemClock.base() > ahead);
  });

  it("does not need a timer that knows of processes", () => {
    keepAlive(1, true);
    keepAlive(1, false);
  });

  it("gives two buses of one tick different ids", async () => {
    await using one = new Bus();
    await using other = new Bus();
    const ids = await Promise.all([one.sendone("a", 1), other.sendone("a", 1), one.sendone("a", 2)]);
    assert.equal(new Set(ids).size, 3);
    assert.equal((await other.poll(["a"], ids[2], 0)).missed, true);
  });
});

describe("a bus under a test runner's fake timers", () => {
  it("sends, and is polled to the end of its timeout, by that time", async () => {
    vi.useFakeTimers();
    const bus = new Bus({ retention: { age: 60_000 } });
    const id = await bus.sendone("a", 1);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [1]);
    let answered = false;
    const poll = bus.poll(["a"], id, 30_000).then((batch) => {
      answered = true;
      return batch;
    });
    await vi.advanceTimersByTimeAsync(29_999);
    assert.equal(answered, false);
    await vi.advanceTimersByTimeAsync(11);
    assert.equal(answered, true);
    assert.deepEqual(await poll, []);
    await vi.advanceTimersByTimeAsync(60_000);
    assert.deepEqual(await bus.poll(["a"], 0, 0), []);
    await bus.close();
  });

  it("sends though microtasks queued by name are held up as well", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate", "queueMicrotask", "Date", "performance"] });
    const bus = new Bus();
    const id = await bus.sendone("a", 1);
    assert.equal(bus.last, id);
    await bus.close();
  });

  it("is reached by timers that were faked after it was made", async () => {
    const bus = new Bus();
    await bus.ready();
    vi.useFakeTimers();
    const poll = bus.poll(["a"], bus.last, 5_000);
    await vi.advanceTimersByTimeAsync(5_010);
    assert.deepEqual(await poll, []);
    await bus.close();
  });
});
