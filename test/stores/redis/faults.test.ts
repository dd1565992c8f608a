import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { Bus } from "nightbus";
import { type RedisClient, redis } from "nightbus/redis";
import { createClient, type RedisClientType } from "redis";
import { describe, it, onTestFinished } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { REDIS_URL, redisRuns } from "../engines.ts";
import { passing } from "../passing.ts";
import { survivesKills, testUnreachable } from "../suite/faults.ts";
import { asking } from "./asked.ts";
import { prefixes } from "./prefixes.ts";

const FOREVER = Number.POSITIVE_INFINITY;

redisRuns(describe)("a store on Redis, when things go wrong,", () => {
  const prefix = prefixes();

  it.each(["redis", "ioredis"])(
    "goes on when all connections are killed, and neither loses nor doubles anything, by %s",
    async (driver) => {
      const { bus: open, client } = prefix();
      const name = `nightbus-${Math.random()}`;
      const connection = (driver === "redis"
        ? createClient({ url: REDIS_URL, name })
        : new Redis(REDIS_URL, { lazyConnect: true, connectionName: name })) as unknown as RedisClient;
      const killer = await client();
      const kill = (): void => void killAll(killer, name);
      await survivesKills({ sender: open({}, connection), reader: open({}, connection), mostUnknown: 1, kill });
    },
  );

  testUnreachable(() => redis("redis://:secret@127.0.0.1:1"), "ECONNREFUSED");

  it("goes on when its connections were forgotten on the way, within twelve seconds", async () => {
    const { name, bus: open } = prefix();
    const { proxy, url } = await proxied();
    const clock = new ManualClock();
    const bus = new Bus({ clock, store: redis(url, { prefix: name }) });
    onTestFinished(() => bus.close());
    bus.on("error", () => {});
    const other = open();
    await Promise.all([bus.ready(), other.ready()]);
    await other.sendone("a", 0);
    await until(() => bus.last === other.last, "it hears");
    proxy.forget();
    const poll = bus.poll(["a"], bus.last, FOREVER);
    await other.sendone("a", 1);
    const before = clock.now();
    assert.deepEqual(messagesOf(await passing(clock, poll)), [1]);
    assert.ok(clock.now() - before <= 12_000, `it took ${clock.now() - before} ms`);
    assert.ok((await bus.sendone("a", 2)) > other.last - 1);
  });

  it("says that a send may have been committed when its answer does not come, and it is whole if it was", async () => {
    const { name, bus: open } = prefix();
    const { proxy, url } = await proxied();
    const clock = new ManualClock();
    const bus = new Bus({ clock, store: redis(url, { prefix: name }) });
    onTestFinished(() => bus.close());
    bus.on("error", () => {});
    await bus.sendone("a", 0);
    proxy.halfOpen();
    const sending = bus.sendmany([
      ["a", 1],
      ["b", 1],
    ]);
    const error = await failsWith("store", () => passing(clock, sending), "Redis could not commit", "within 5 s");
    assert.deepEqual([error.refused, error.unavailable], [false, false]);
    proxy.restore();
    await bus.sendone("a", 2);
    const [found, others] = [await bus.poll(["a", "b"], 0, 0), await open().poll(["a", "b"], 0, 0)];
    assert.deepEqual(found, others);
    assert.ok([2, 4].includes(found.length), `${found.length} notifications`);
  });

  it("has committed a send whose answer was lost, once", async () => {
    const { bus: open, ioredis } = prefix();
    const asked = asking(ioredis());
    const bus = open({}, asked.connection);
    bus.on("error", () => {});
    await bus.sendone("a", 0);
    let losses = 1;
    asked.answered = (name) => {
      if (name === "APPEND" && losses-- > 0) throw new Error("Connection is closed.");
    };
    const sends = ["b", "c"].map((channel) =>
      bus.sendmany([
        [channel, 1],
        ["a", 1],
      ]),
    );
    for (const { status, ...rest } of await Promise.allSettled(sends)) {
      assert.equal(status, "rejected");
      assert.equal((rest as PromiseRejectedResult).reason.refused, false);
    }
    await bus.sendone("a", 2);
    for (const each of [bus, open()]) {
      assert.deepEqual(messagesOf(await each.poll(["a", "b", "c"], 0, 0)), [0, 1, 1, 1, 1, 2]);
    }
  });

  it("goes on when the server forgets its scripts", async () => {
    const { bus: open, client } = prefix();
    const [bus, other] = [open(), open()];
    await Promise.all([bus.ready(), other.ready()]);
    const id = await bus.sendone("a", 1);
    await (await client()).scriptFlush();
    assert.equal(await bus.sendone("a", 2), id + 1);
    await (await client()).scriptFlush();
    assert.deepEqual(messagesOf(await open().poll(["a"], id, 0)), [2]);
    await until(() => other.last === id + 1, "the other hears of it");
  });

  it("does not wait for a server that refuses it, and says why without the password", async () => {
    const url = new URL(REDIS_URL);
    [url.username, url.password] = ["nobody", "secret"];
    await using bus = new Bus({ store: redis(url.href) });
    const error = await failsWith("store", () => bus.ready(), "Redis could not be opened", "WRONGPASS");
    assert.deepEqual([error.refused, error.message.includes("secret")], [true, false]);
  });

  it("closes within six seconds when the server does not answer any more", async () => {
    const { name } = prefix();
    const { proxy, url } = await proxied();
    const clock = new ManualClock();
    const bus = new Bus({ clock, retention: { count: 1 }, store: redis(url, { prefix: name }) });
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    for (const step of [1, 2, 3]) await bus.sendone("a", step);
    proxy.halfOpen();
    const before = clock.now();
    await passing(clock, bus.close());
    assert.ok(clock.now() - before <= 6_000, `it took ${clock.now() - before} ms`);
    assert.match(errors.join(), /could not tidy up while closing/);
  });
});

/** Kills the connections of this name. */
async function killAll(killer: RedisClientType, name: string): Promise<void> {
  const list = String(await killer.sendCommand(["CLIENT", "LIST"]));
  for (const [, id] of list.matchAll(new RegExp(`^id=(\\d+) .* name=${name} `, "gm"))) {
    await killer.sendCommand(["CLIENT", "KILL", "ID", id!]);
  }
}

/** A way to the server that a test can disturb. */
async function proxied(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  const url = new URL(REDIS_URL);
  const port = Number(url.port || 6379);
  const proxy = await TcpProxy.open(() => port);
  onTestFinished(() => proxy.close());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}
