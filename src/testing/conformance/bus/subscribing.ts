import assert from "node:assert/strict";
import type { Channel } from "../../../notification.ts";
import { failsWith, isPending, type Topic, turns } from "./topic.ts";

/** Subscriptions: loops of polls as async iterators. */
export function subscribing({ it, over }: Topic): void {
  it(
    "gives the notifications of its channels one after the other",
    over({}, async ({ bus }) => {
      const subscription = bus.subscribe(["a", ["b", 1]]);
      await bus.sendmany([
        ["a", 1],
        ["c", 2],
        [["b", 1], 3],
        [["b", 2], 4],
        ["a", 5],
      ]);
      assert.deepEqual(await take(subscription, 3), [1, 3, 5]);
      const next = subscription.next();
      assert.equal(await isPending(next), true);
      await bus.sendone("a", 6);
      assert.equal((await next).value?.message, 6);
    }),
  );

  it(
    "starts at the newest id of the call, not of the first next()",
    over({}, async ({ bus }) => {
      await bus.sendone("a", "before");
      const subscription = bus.subscribe(["a"]);
      await bus.sendone("a", "after");
      assert.deepEqual(await take(subscription, 1), ["after"]);
    }),
  );

  it(
    "starts at the newest id of the call also while the bus is opening",
    over({}, async ({ bus: before, open }) => {
      await before.close();
      const bus = open();
      const sent = bus.sendone("a", "sent before, committed after");
      await Promise.resolve();
      const subscription = bus.subscribe(["a"]);
      await sent;
      assert.deepEqual(await take(subscription, 1), ["sent before, committed after"]);
    }),
  );

  it(
    "starts after the last that it is given",
    over({}, async ({ bus }) => {
      const ids = await bus.sendmany([
        ["a", 1],
        ["a", 2],
        ["a", 3],
      ]);
      assert.deepEqual(await take(bus.subscribe(["a"], { last: ids[0]! }), 2), [2, 3]);
      assert.deepEqual(await take(bus.subscribe(["a"], { last: 0 }), 3), [1, 2, 3]);
    }),
  );

  it(
    "buffers nothing: a slow consumer gets from the log what it has not taken",
    over({ limit: 2 }, async ({ bus }) => {
      const subscription = bus.subscribe(["a"]);
      for (let step = 0; step < 50; step += 1) await bus.sendone("a", step);
      assert.deepEqual(
        await take(subscription, 50),
        Array.from({ length: 50 }, (_, step) => step),
      );
    }),
  );

  it(
    "answers calls of next() that overlap in their order",
    over({}, async ({ bus }) => {
      const subscription = bus.subscribe(["a"]);
      const nexts = [subscription.next(), subscription.next(), subscription.next()];
      for (const message of [1, 2, 3]) await bus.sendone("a", message);
      assert.deepEqual(
        (await Promise.all(nexts)).map(({ value }) => value?.message),
        [1, 2, 3],
      );
      for (let hops = 0; hops < 10; hops += 1) {
        const again = bus.subscribe(["a"], { last: 0 });
        const first = again.next();
        for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
        const second = again.next();
        assert.deepEqual([(await first).value?.message, (await second).value?.message], [1, 2]);
      }
    }),
  );

  it(
    "ends with an abort, also while it waits, without throwing",
    over({}, async ({ bus }) => {
      const end = new AbortController();
      const subscription = bus.subscribe(["a"], { signal: end.signal });
      const next = subscription.next();
      await turns();
      assert.equal(bus.waiting, 1);
      end.abort();
      assert.deepEqual(await next, { done: true, value: undefined });
      assert.deepEqual(await subscription.next(), { done: true, value: undefined });
      assert.equal(bus.waiting, 0);
      for await (const _ of bus.subscribe(["a"], { last: 0, signal: AbortSignal.abort() })) assert.fail("it has ended");
    }),
  );

  it(
    "ends with an abort between two notifications of one batch",
    over({}, async ({ bus }) => {
      const end = new AbortController();
      await bus.sendmany([
        ["a", 1],
        ["a", 2],
      ]);
      const seen: unknown[] = [];
      for await (const { message } of bus.subscribe(["a"], { last: 0, signal: end.signal })) {
        seen.push(message);
        end.abort();
      }
      assert.deepEqual(seen, [1]);
    }),
  );

  it(
    "ends with the bus, without throwing",
    over({}, async ({ bus }) => {
      const [waits, idle] = [bus.subscribe(["a"]), bus.subscribe(["a"])];
      const next = waits.next();
      await turns();
      await bus.close();
      for (const result of [await next, await waits.next(), await idle.next()]) {
        assert.deepEqual(result, { done: true, value: undefined });
      }
    }),
  );

  it(
    "ends by return(), also while it waits, and by leaving the loop",
    over({}, async ({ bus }) => {
      const subscription = bus.subscribe(["a"]);
      const next = subscription.next();
      await turns();
      assert.deepEqual(await subscription.return?.(), { done: true, value: undefined });
      assert.deepEqual(await next, { done: true, value: undefined });
      assert.equal(bus.waiting, 0);
      await bus.sendone("a", 1);
      const left = bus.subscribe(["a"], { last: 0 });
      for await (const _ of left) break;
      assert.deepEqual(await left.next(), { done: true, value: undefined });
    }),
  );

  it(
    "throws missed at a gap, and has then ended",
    over({ retention: { count: 1 } }, async ({ bus }) => {
      const subscription = bus.subscribe(["a"]);
      for (const message of [1, 2]) await bus.sendone("a", message);
      await failsWith("missed", () => subscription.next(), "no longer retained", "onMissed");
      assert.deepEqual(await subscription.next(), { done: true, value: undefined });
      assert.equal(bus.waiting, 0);
    }),
  );

  it(
    "tells onMissed the last before a gap, and goes on with what is retained",
    over({ retention: { count: 1 } }, async ({ bus }) => {
      const gaps: number[] = [];
      const start = bus.last;
      const subscription = bus.subscribe(["a"], { onMissed: (last) => gaps.push(last) });
      for (const message of [1, 2]) await bus.sendone("a", message);
      assert.deepEqual(await take(subscription, 1), [2]);
      assert.deepEqual(gaps, [start]);
      const seen = bus.last;
      for (const message of [3, 4]) await bus.sendone("a", message);
      assert.deepEqual(await take(subscription, 1), [4]);
      assert.deepEqual(gaps, [start, seen]);
    }),
  );

  it(
    "says nothing of what was trimmed before it began to read from 0, however many answers that takes",
    over(
      { limit: 2, retention: { of: (channel) => (channel === "short" ? { count: 1 } : undefined) } },
      async (fixture) => {
        const { bus } = fixture;
        const names = ["long", "long", "long", "short", "short", "long", "long", "short"];
        for (const name of names) await bus.sendone(name, name);
        assert.deepEqual(await take(bus.subscribe(["long", "short"], { last: 0 }), 6), [
          ...Array.from({ length: 5 }, () => "long"),
          "short",
        ]);
        const gaps: number[] = [];
        const late = bus.subscribe(["long", "short"], { last: 0, onMissed: (last) => gaps.push(last) });
        const [, second] = await take(late, 2);
        assert.equal(second, "long");
        await bus.sendone("short", "evicts one that was not read yet");
        await take(late, 4);
        assert.equal(gaps.length, 1);
      },
    ),
  );

  it(
    "tells of a gap once, however many answers follow it",
    over(
      { limit: 2, retention: { of: (channel) => (channel === "short" ? { count: 1 } : undefined) } },
      async (fixture) => {
        const { bus } = fixture;
        const start = bus.last;
        const names = ["long", "long", "long", "long", "long", "short", "short"];
        for (const name of names) await bus.sendone(name, name);
        const gaps: number[] = [];
        const late = bus.subscribe(["long", "short"], { last: start, onMissed: (last) => gaps.push(last) });
        await take(late, 6);
        assert.deepEqual(gaps, [start]);
      },
    ),
  );

  it(
    "throws what onMissed throws, and has then ended",
    over({}, async ({ bus }) => {
      const reason = new Error("no state to load");
      const onMissed = (): never => {
        throw reason;
      };
      const subscription = bus.subscribe(["a"], { last: 1, onMissed });
      await assert.rejects(subscription.next(), (thrown) => thrown === reason);
      assert.deepEqual(await subscription.next(), { done: true, value: undefined });
    }),
  );
}

async function take(
  subscription: AsyncIterator<{ readonly channel: Channel; readonly message: unknown }>,
  count: number,
): Promise<readonly unknown[]> {
  const messages: unknown[] = [];
  while (messages.length < count) {
    const { done, value } = await subscription.next();
    if (done) break;
    messages.push(value.message);
  }
  return messages;
}
