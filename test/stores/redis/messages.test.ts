import assert from "node:assert/strict";
import fc from "fast-check";
import type { RedisClient } from "nightbus/redis";
import { describe, it } from "vitest";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { REDIS_URL, redisRuns } from "../engines.ts";
import { prefixes } from "./prefixes.ts";

const FOREVER = Number.POSITIVE_INFINITY;

redisRuns(describe)("what a log on Redis holds", () => {
  const prefix = prefixes();

  it("is counted exactly where ids are large", async () => {
    const { bus: open } = prefix();
    const begin = Number.MAX_SAFE_INTEGER - 1_000;
    const clock = new ManualClock(1_700_000_000_000, () => begin);
    const options = { clock, retention: { count: 2 } };
    const [bus, other] = [open(options), open(options)];
    await Promise.all([bus.ready(), other.ready()]);
    assert.equal(bus.last, begin);
    const sends: (readonly number[])[] = [];
    for (let step = 0; step < 5; step += 1) {
      const entries = Array.from({ length: 3 }, (_, index) => ["a", step * 3 + index] as const);
      sends.push(await (step % 2 === 0 ? bus : other).sendmany(entries));
    }
    assert.deepEqual(
      sends.flat(),
      Array.from({ length: 15 }, (_, index) => begin + 1 + index),
    );
    await bus.close();
    const batch = await open(options).poll(["a"], begin + 14, 0);
    assert.deepEqual([messagesOf(batch), batch.missed], [[14], false]);
    assert.equal((await open(options).poll(["a"], begin + 12, 0)).missed, true);
    assert.equal((await open(options).poll(["a"], begin + 13, 0)).missed, false);
  });

  it("is whatever text there is, also halves of characters and NUL", async () => {
    const { bus: open } = prefix();
    const [bus, other] = [open(), open()];
    await Promise.all([bus.ready(), other.ready()]);
    const text = fc
      .array(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 10, 34, 92, 0xd83d, 0xde00, 0xfffd)))
      .map((units) => String.fromCharCode(...units));
    const texts = ["\0", "\ud800", "\udc00\ud800", "😀", "\r\n", ...fc.sample(text, 100)].map(
      (each, index) => [`${index}${each}`, each] as const,
    );
    await Promise.all(
      texts.map(([channel, message]) =>
        bus.sendmany([
          [channel, message],
          [["all", channel], message],
        ]),
      ),
    );
    await until(() => other.last === bus.last, "the other has heard of it");
    for (const each of [bus, other, open()]) {
      for (const [channel, message] of texts) {
        assert.deepEqual(messagesOf(await each.poll([channel, ["all", channel]], 0, 0)), [message, message]);
      }
    }
  });

  it.each(["redis", "ioredis"])("is also a send of ten million bytes, by %s", async (driver) => {
    const { bus: open, ioredis } = prefix();
    const connection = driver === "redis" ? REDIS_URL : (ioredis() as unknown as RedisClient);
    const options = { maxMessage: 2 ** 24 };
    const [bus, other] = [open(options, connection), open(options, connection)];
    await Promise.all([bus.ready(), other.ready()]);
    const poll = other.poll(["a"], other.last, FOREVER);
    const text = "x".repeat(1e7);
    await bus.sendmany([
      ["a", text],
      ["a", "é😀"],
    ]);
    for (const batch of [await poll, await open(options, connection).poll(["a"], 0, 0)]) {
      assert.ok(batch[0]?.message === text && batch[1]?.message === "é😀");
    }
  });
});
