import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { Bus } from "nightbus";
import { describe, it } from "vitest";
import { failsWith, isPending, turns } from "../../src/testing/conformance/bus/topic.ts";
import { gate, StoreDouble, storeError } from "../support/doubles.ts";

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

describe("a subscription that waits", () => {
  it("ends with its signal while the store opens", async () => {
    const store = new StoreDouble();
    const opening = gate();
    store.opening = opening.promise;
    await using bus = new Bus({ store });
    const end = new AbortController();
    const news = [bus.subscribe(["a"], { signal: end.signal }), bus.subscribe(["a"])] as const;
    const next = news.map((each) => each.next());
    await turns();
    end.abort();
    void news[1].return?.();
    for (const one of next) {
      const result = await Promise.race([one, turns(5).then(() => "waits")]);
      assert.deepEqual(result, { done: true, value: undefined });
    }
    opening.resolve();
  });

  it("leaves no rejection unhandled when its signal is refused", async () => {
    const store = new StoreDouble();
    store.opening = Promise.reject(storeError(true));
    await using bus = new Bus({ store });
    bus.on("error", () => {});
    assert.throws(() => bus.subscribe(["a"], { signal: "no" as never }), { code: "bad_option" });
    await turns(5); // vitest fails the run for one
  });
});

describe("an async onMissed", () => {
  it("is awaited before the next notification, and its error ends the loop", async () => {
    await using bus = new Bus();
    await bus.sendone("a", 1);
    const state = gate();
    const news = bus.subscribe(["a"], { last: 1, onMissed: () => state.promise });
    const next = news.next();
    assert.ok(await isPending(next));
    state.resolve();
    assert.equal((await next).value?.message, 1);

    const reason = new Error("no state");
    const failing = bus.subscribe(["a"], { last: 1, onMissed: () => Promise.reject(reason) });
    await assert.rejects(failing.next(), (thrown) => thrown === reason);
    assert.deepEqual(await failing.next(), { done: true, value: undefined });
  });

  it("holds up no end of its subscription", async () => {
    await using bus = new Bus();
    await bus.sendone("a", 1);
    const news = bus.subscribe(["a"], { last: 1, onMissed: () => new Promise(() => {}) });
    const next = news.next();
    await turns();
    await news.return?.();
    assert.deepEqual(await next, { done: true, value: undefined });
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
