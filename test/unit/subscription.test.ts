import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { Bus } from "nightbus";
import { describe, it } from "vitest";
import { failsWith, turns } from "../../src/testing/conformance/bus/topic.ts";
import { gate, StoreDouble } from "../support/doubles.ts";

describe("a subscription that has ended", () => {
  it("listens to its signal no longer, however it ended", async () => {
    const bus = new Bus({ retention: { count: 1 } });
    await bus.ready();
    const end = new AbortController();
    const { signal } = end;
    const listening = (): number => getEventListeners(signal, "abort").length;

    const left = bus.subscribe(["a"], { signal });
    const next = left.next();
    await turns();
    assert.ok(listening() >= 1);
    await left.return?.();
    await next;
    assert.equal(listening(), 0);

    const missed = bus.subscribe(["a"], { signal });
    await bus.sendone("a", 1);
    await bus.sendone("a", 2);
    await failsWith("missed", () => missed.next());
    assert.equal(listening(), 0);

    const closed = bus.subscribe(["a"], { signal });
    const last = closed.next();
    await bus.close();
    await last;
    assert.equal(listening(), 0);
  });
});

describe("subscriptions that share a signal", () => {
  it("share one listener on it, and end together with it", async () => {
    await using bus = new Bus();
    await bus.ready();
    const end = new AbortController();
    const subscriptions = Array.from({ length: 100 }, () => bus.subscribe(["a"], { signal: end.signal }));
    assert.equal(getEventListeners(end.signal, "abort").length, 1);
    const next = subscriptions.map((subscription) => subscription.next());
    await turns();
    end.abort();
    for (const result of await Promise.all(next)) assert.deepEqual(result, { done: true, value: undefined });
    assert.equal(getEventListeners(end.signal, "abort").length, 0);
  });
});

describe("polls that wait for the store and share a signal", () => {
  it("share one listener on it, and are rejected with its reason", async () => {
    const store = new StoreDouble();
    await using bus = new Bus({ store });
    await bus.ready();
    const syncing = gate();
    store.syncing = () => syncing.promise;
    const end = new AbortController();
    const polls = Array.from({ length: 100 }, () => bus.poll(["a"], bus.last + 1, 0, { signal: end.signal }));
    assert.equal(getEventListeners(end.signal, "abort").length, 1);
    end.abort("enough");
    for (const { reason } of (await Promise.allSettled(polls)) as PromiseRejectedResult[])
      assert.equal(reason, "enough");
    assert.equal(getEventListeners(end.signal, "abort").length, 0);
    syncing.resolve();
  });
});
