import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { Bus } from "nightbus";
import { type RedisClient, redis } from "nightbus/redis";
import { createClient } from "redis";
import { describe, it, onTestFinished } from "vitest";
import { TcpProxy } from "../../cluster/proxy.ts";
import { REDIS_URL, redisRuns } from "../engines.ts";
import { prefixes } from "./prefixes.ts";

const COUNT = 14;
const RATE = 2_000_000;
const ENTRIES = Array.from({ length: COUNT }, (_, index) => ["a", `${index}`.padEnd(1_000_000, "x")] as const);

/** A bus behind a link that takes seven seconds for such a send. */
async function slow(prefix: string, driver: string): Promise<Bus> {
  const url = new URL(REDIS_URL);
  const port = Number(url.port || 6379);
  const proxy = await TcpProxy.open(() => port);
  proxy.throttle(RATE);
  url.host = `127.0.0.1:${proxy.port}`;
  const connection = (driver === "redis"
    ? createClient({ url: url.href })
    : new Redis(url.href, { lazyConnect: true })) as unknown as RedisClient;
  const bus = new Bus({ store: redis(connection, { prefix }) });
  onTestFinished(async () => {
    await bus.close();
    await proxy.close();
  });
  return bus;
}

redisRuns(describe)("a send that a link carries for longer than five seconds, on Redis,", () => {
  const prefix = prefixes();

  it.each(["redis", "ioredis"])("is read once and whole, and what comes after it as well, by %s", async (driver) => {
    const { name, bus: open } = prefix();
    const writer = open();
    const errors: Error[] = [];
    const reader = await slow(name, driver);
    reader.on("error", (error) => errors.push(error));
    await reader.ready();
    const { last } = reader;
    await writer.sendmany(ENTRIES);
    const next = await writer.sendone("a", "next");
    const found: unknown[] = [];
    for await (const { message } of reader.subscribe(["a"], { last })) {
      found.push(message);
      if (found.length === COUNT + 1) break;
    }
    assert.deepEqual(found, [...ENTRIES.map(([, message]) => message), "next"]);
    assert.deepEqual([reader.last, errors], [next, []]);
  });

  it.each(["redis", "ioredis"])("is committed and acknowledged, by %s", async (driver) => {
    const { name, bus: open } = prefix();
    const sender = await slow(name, driver);
    const ids = await sender.sendmany(ENTRIES);
    assert.equal(ids.length, COUNT);
    assert.equal((await open().poll(["a"], 0, 0, { limit: 100 })).length, COUNT);
  });
});
