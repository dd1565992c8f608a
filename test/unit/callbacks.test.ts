import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Bus, type Notification } from "nightbus";
import { describe, it, onTestFinished } from "vitest";
import { hubOf } from "../../src/bus.ts";
import { messagesOf, turns } from "../../src/testing/conformance/bus/topic.ts";
import { StoreDouble } from "../support/doubles.ts";

const row = (message: number): { key: string; json: string } => ({ key: '"a"', json: `${message}` });

/** Reads on and on by polls, and collects what it is given. */
function reader(bus: Bus): { readonly messages: unknown[] } {
  const messages: unknown[] = [];
  const read = async (last: number): Promise<void> => {
    const batch = await bus.poll(["a"], last, Number.POSITIVE_INFINITY);
    messages.push(...messagesOf(batch));
    if (batch.length > 0) await read(batch.last);
  };
  void read(bus.last);
  return { messages };
}

describe("a callback of the application that polls", () => {
  it("loses and doubles nothing as retention.of, and its channel is trimmed by what it says", async () => {
    const store = new StoreDouble();
    const polled: Promise<readonly Notification[]>[] = [];
    const of = (): { count: number } => {
      polled.push(bus.poll(["a"], bus.last - 3, 0));
      return { count: 3 };
    };
    const bus = new Bus({ store, retention: { of, count: 1 } });
    onTestFinished(() => bus.close());
    await bus.ready();
    const waiting = reader(bus);
    await turns();
    store.commit([row(1), row(2), row(3), row(4), row(5)]);
    await turns(5);
    assert.deepEqual(waiting.messages, [1, 2, 3, 4, 5]);
    assert.deepEqual(messagesOf(await polled[0]!), [3, 4, 5]);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [3, 4, 5], "by its own count, not the bus's");
  });

  it("loses and doubles nothing as a listener of error, told of a watcher that failed", async () => {
    const store = new StoreDouble();
    const bus = new Bus({ store });
    onTestFinished(() => bus.close());
    await bus.ready();
    const following = await hubOf(bus).follow(['"a"'], bus.last, { limit: 1, size: 1 });
    following.next({
      take() {
        throw new Error("a stream broke");
      },
    });
    const polled: unknown[] = [];
    bus.on("error", () => {
      void bus.poll(["a"], bus.last, Number.POSITIVE_INFINITY).then((batch) => polled.push(...messagesOf(batch)));
    });
    const waiting = reader(bus);
    await turns();
    store.commit([row(1)]);
    await turns(5);
    following.stop();
    store.commit([row(2)]);
    await turns(5);
    assert.deepEqual(waiting.messages, [1, 2]);
    assert.deepEqual(polled, [2], "it polled after the first, and was given none twice");
  });

  it.each(["nightbus:wake", "nightbus:poll", "nightbus:trim"])(
    "loses and doubles nothing as a subscriber of %s, also when something is committed meanwhile",
    async (name) => {
      const store = new StoreDouble();
      const bus = new Bus({ store, retention: { count: 2 } });
      onTestFinished(() => bus.close());
      await bus.ready();
      let isTold = false;
      const listener = (): void => {
        if (isTold) return;
        isTold = true;
        store.commit([row(4)]);
        void bus.poll(["a"], bus.last, 0); // which ends the tick of that commit
      };
      const waiting = reader(bus);
      await turns();
      subscribe(name, listener);
      onTestFinished(() => void unsubscribe(name, listener));
      store.commit([row(1), row(2), row(3)]);
      await turns(20);
      assert.equal(isTold, true);
      assert.deepEqual(waiting.messages, [1, 2, 3, 4]);
      assert.equal(bus.stats().trims, 2);
    },
  );

  it("is told of notifications in their order, though it lets something be committed meanwhile", async () => {
    const store = new StoreDouble();
    const bus = new Bus({ store });
    onTestFinished(() => bus.close());
    await bus.ready();
    const told: unknown[] = [];
    bus.on("notification", ({ message }) => {
      if (message === 1) store.commit([row(3)]);
    });
    bus.on("notification", ({ message }) => told.push(message));
    store.commit([row(1), row(2)]);
    assert.deepEqual(told, [1, 2, 3]);
  });
});

describe("an async listener", () => {
  it("has its rejection reported as error, as one that throws has", async () => {
    await using bus = new Bus();
    const errors: unknown[] = [];
    bus.on("error", (error) => errors.push(error));
    const reason = new Error("no database");
    bus.on("notification", () => Promise.reject(reason));
    bus.once("notification", async () => {
      throw reason;
    });
    await bus.sendone("a", 1);
    await turns();
    assert.deepEqual(errors, [reason, reason]);
  });

  it("of error reports no error of its own, and ends no process", async () => {
    await using bus = new Bus();
    let calls = 0;
    bus.on("error", async () => {
      calls += 1;
      throw new Error("again");
    });
    bus.emit("error", new Error("first"));
    await turns(5);
    assert.equal(calls, 1);
  });
});
