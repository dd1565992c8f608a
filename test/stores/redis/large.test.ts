import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { Bus } from "nightbus";
import { type RedisClient, redis } from "nightbus/redis";
import { createClient } from "redis";
import { describe, it, onTestFinished } from "vitest";
import { failsWith, turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { REDIS_URL, redisRuns } from "../engines.ts";
import { prefixes } from "./prefixes.ts";

const COUNT = 14;
const RATE = 2_000_000;
const DRIVERS = ["redis", "ioredis"] as const;
type Driver = (typeof DRIVERS)[number];
const ENTRIES = Array.from({ length: COUNT }, (_, index) => ["a", `${index}`.padEnd(1_000_000, "x")] as const);

/** A bus behind a link that takes seven seconds for such a send. */
async function behind(prefix: string, driver: Driver): Promise<{ readonly bus: Bus; readonly proxy: TcpProxy }> {
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
  return { bus, proxy };
}

async function slow(prefix: string, driver: Driver): Promise<Bus> {
  return (await behind(prefix, driver)).bus;
}

redisRuns(describe)("a send that a link carries for longer than five seconds, on Redis,", () => {
  const prefix = prefixes();

  it("is read once and whole, and what comes after it as well, by each client", async () => {
    const { name, bus: open } = prefix();
    const writer = open();
    const errors: Error[] = [];
    const readers = await Promise.all(DRIVERS.map((driver) => slow(name, driver)));
    for (const reader of readers) reader.on("error", (error) => errors.push(error));
    await Promise.all(readers.map((reader) => reader.ready()));
    const { last } = readers[0]!;
    await writer.sendmany(ENTRIES);
    const next = await writer.sendone("a", "next");
    for (const reader of readers) {
      const found: unknown[] = [];
      for await (const { message } of reader.subscribe(["a"], { last })) {
        found.push(message);
        if (found.length === COUNT + 1) break;
      }
      assert.deepEqual(found, [...ENTRIES.map(([, message]) => message), "next"]);
      assert.equal(reader.last, next);
    }
    assert.deepEqual(errors, []);
  });

  it("is committed and acknowledged, by each client", async () => {
    await Promise.all(
      DRIVERS.map(async (driver) => {
        const { name, bus: open } = prefix();
        const sender = await slow(name, driver);
        const ids = await sender.sendmany(ENTRIES);
        assert.equal(ids.length, COUNT);
        assert.equal((await open().poll(["a"], 0, 0, { limit: 100 })).length, COUNT);
      }),
    );
  });

  it("is sent in peace while the same connection is asked something else", async () => {
    const { name, bus: open } = prefix();
    const sender = await slow(name, "redis");
    await sender.ready();
    const errors: Error[] = [];
    sender.on("error", (error) => errors.push(error));
    const sending = sender.sendmany(ENTRIES);
    const reading = turns(2).then(() => sender.poll(["a"], sender.last + 1e12, 0)); // beyond: it reads
    await Promise.all([sending, reading]);
    assert.deepEqual([(await open().poll(["a"], 0, 0, { limit: 100 })).length, errors], [COUNT, []]);
  });

  it("ends all the same when the server says nothing in the midst of it", async () => {
    const { name, bus: open } = prefix();
    const writer = open();
    const { bus, proxy } = await behind(name, "redis");
    bus.on("error", () => {});
    await bus.ready();
    await writer.sendmany(ENTRIES);
    const beginning = proxy.forwarded;
    const reading = bus.poll(["a"], writer.last + 1, 0); // beyond: it reads
    await until(() => proxy.forwarded > beginning + RATE / 4, "some of it has come");
    proxy.halfOpen();
    await failsWith("store", () => reading, "Redis could not read what was committed", "an answer did not come");
    proxy.restore();
    await until(() => bus.last === writer.last, "it is read in the end");
  });
});
