import assert from "node:assert/strict";
import { Bus, type Consumer } from "nightbus";
import { redis } from "nightbus/redis";
import { describe, it, onTestFinished } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { redisRuns } from "../engines.ts";
import { asking, DEAF } from "./asked.ts";
import { prefixes } from "./prefixes.ts";
import { serverRuns, startServer } from "./servers.ts";

const FOREVER = Number.POSITIVE_INFINITY;

redisRuns(describe)("a log on Redis of which somebody else has deleted something", () => {
  const prefix = prefixes();

  it.each([
    ["all of it", ({ log }: Tampering) => ["XTRIM", log, "MAXLEN", "0"]],
    ["the oldest", ({ log }: Tampering) => ["XTRIM", log, "MAXLEN", "2"]],
    ["one in the middle", ({ log, ids }: Tampering) => ["XDEL", log, `${ids[1]}-0`]],
    ["the newest", ({ log, ids }: Tampering) => ["XDEL", log, `${ids[2]}-0`]],
  ])("says missed when somebody else has trimmed the stream: %s", async (_, command) => {
    const { bus: open, client, ioredis, key } = prefix();
    const [clock, deaf] = [new ManualClock(), asking(ioredis())];
    deaf.changes = DEAF;
    const [bus, lagging] = [open(), open({ clock }, deaf.connection)];
    const first = await bus.sendone("a", "seen");
    await lagging.poll(["a"], first, 0);
    const ids: number[] = [];
    for (const step of [1, 2, 3]) ids.push(await bus.sendone("a", step));
    const polls = ["a", "b"].map((channel) => lagging.poll([channel], first, FOREVER));
    await (await client()).sendCommand(command({ log: key("log"), ids }));
    clock.advance(5_000);
    for (const batch of await Promise.all(polls))
      assert.equal(batch.missed, true, "nobody knows on which channel it was");
    assert.equal(lagging.last, ids[2]);
    const next = await lagging.sendone("a", "new");
    await until(() => bus.last === next, "the other hears of it");
    for (const each of [lagging, open()]) {
      assert.equal((await each.poll(["a"], first, 0)).missed, true);
      const batch = await each.poll(["a"], ids[2], 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [["new"], false]);
    }
    const present = await bus.poll(["a"], first, 0);
    assert.deepEqual(
      [messagesOf(present), present.missed],
      [[1, 2, 3, "new"], false],
      "who has it all has missed nothing",
    );
  });

  it.each(["meta", "log", "holes", "marks", "sends", "gone"])(
    "says missed when %s was evicted, and goes on",
    async (which) => {
      const { bus: open, client, key } = prefix();
      const options = { retention: { count: 2 } };
      const bus = open(options);
      const [first] = await bus.sendmany([
        ["a", 1],
        ["b", 1],
      ]);
      const writer = open(options);
      for (const step of [2, 3, 4]) await writer.sendone("a", step);
      const { last } = writer;
      await until(() => bus.last === last, "it hears of it");
      await writer.close(); // by then it has trimmed
      const tampering = await client();
      for (const each of ["meta", "log", "holes", "marks", "sends", "gone"]) {
        assert.equal(await tampering.exists(key(each)), 1, `there is ${each}`);
      }
      await tampering.del(key(which));
      const later = open(options);
      assert.equal((await later.poll(["b"], first, 0)).missed, true);
      assert.equal(
        (await later.poll(["a"], last, 0)).missed,
        which === "meta",
        "who had seen everything has missed nothing",
      );
      const next = await bus.sendone("a", "new");
      await until(() => later.last === next, "it hears of it");
      for (const each of [bus, later, open(options)]) {
        const batch = await each.poll(["a"], last, 0);
        assert.deepEqual([messagesOf(batch), batch.missed], [["new"], which === "meta"]);
        assert.equal((await each.poll(["a"], next, 0)).missed, false);
      }
    },
  );

  it.each([
    ["all keys", ({ keys }: KeyTampering) => ["DEL", keys]],
    ["their order", ({ order }: KeyTampering) => ["DEL", order]],
    ["both", ({ keys, order }: KeyTampering) => ["DEL", keys, order]],
    ["one place in the order", ({ order, oldest }: KeyTampering) => ["ZREM", order, oldest]],
  ])("tells of the keys of sends that somebody else has removed, once, and goes on: %s", async (_, command) => {
    const { bus: open, client, key } = prefix();
    const bus = open();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const send = (name: string): Promise<number> => bus.sendone("a", name, { key: name });
    const ids = [await send("one"), await send("two"), await send("one")];
    assert.equal(ids[2], ids[0]);
    const tampering = await client();
    const [keys, order] = [key("keys"), key("keyorder")];
    const [oldest] = await tampering.zRange(order, 0, 0);
    await tampering.sendCommand(command({ keys, order, oldest: oldest! }));
    const third = await send("three");
    assert.match(errors.map(({ message }) => message).join(), /^Redis has lost the keys of earlier sends/);
    const again = await send("one");
    assert.ok(again > third, "the key was lost");
    assert.deepEqual([await send("three"), await send("one")], [third, again], "later keys hold");
    assert.deepEqual([await tampering.hLen(keys), await tampering.zCard(order), errors.length], [2, 2, 1]);
  });

  it("tells of the positions of consumers that somebody else has removed, and lets them begin anew", async () => {
    const { bus: open, client, key } = prefix();
    const bus = open();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const handled: unknown[] = [];
    const consume = (name: string): Consumer =>
      bus.consume(name, ["a"], ({ message }) => void handled.push(message), { from: "start" });
    await bus.sendone("a", 1);
    for (const name of ["deleted by us", "mailer"]) {
      const consumer = consume(name);
      await until(() => handled.splice(0).length === 1, "it handles what is there");
      await consumer.close();
    }
    await bus.consumers.delete("deleted by us");
    await consume("deleted by us").close();
    await bus.consumers.delete("deleted by us");
    assert.deepEqual(errors, []);
    const running = consume("running");
    await until(() => handled.splice(0).length === 1, "it handles what is there");
    const tampering = await client();
    await tampering.del(key("positions"));
    await bus.sendone("a", 2);
    await assert.rejects(running.done, { code: "consumer", message: /was deleted/ });
    const told = (): readonly string[] =>
      errors.flatMap(({ message }) => /lost the position of the consumer "(\w+)"/.exec(message)?.[1] ?? []);
    assert.deepEqual(told(), ["running"]);
    handled.length = 0;
    consume("another");
    await until(() => handled.length === 2, "a new one begins");
    assert.deepEqual(told(), ["running"], "nothing of it was lost");
    consume("mailer");
    await until(() => handled.length === 4, "it handles all again");
    assert.deepEqual(told(), ["running", "mailer"], "although there are positions again");
  });

  it.each([{ window: 30, count: 2 }, { window: 0 }])("tells of no loss when keys are forgotten by %j", async (keys) => {
    const { bus: open } = prefix();
    const bus = open({ keys });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    for (let step = 0; step < 20; step += 1) {
      await Promise.all([0, 1, 2].slice(step % 3).map((part) => bus.sendone("a", step, { key: `${step} ${part}` })));
      if (step % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 40));
    }
    assert.doesNotMatch(errors.map(({ message }) => message).join(), /lost/);
  });
});

serverRuns(describe)("a log on Redis to which another program adds", () => {
  it("is waited for, and not read again and again", async () => {
    const server = await startServer();
    const bus = new Bus({ store: redis(server.url) });
    onTestFinished(() => bus.close());
    await bus.sendone("a", 1);
    const operator = await server.client();
    const reads = async (): Promise<number> => {
      const stats = String(await operator.sendCommand(["INFO", "commandstats"]));
      return Number(/cmdstat_xread:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    for (let entry = 0; entry < 3; entry += 1) {
      await operator.sendCommand(["XADD", "{nightbus}:log", "*", "their", "entry"]);
    }
    const before = await reads();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok((await reads()) - before < 50);
    const poll = bus.poll(["a"], bus.last, FOREVER);
    const other = new Bus({ store: redis(server.url) });
    onTestFinished(() => other.close());
    await other.sendone("a", 2);
    assert.deepEqual(messagesOf(await poll), [2]);
  });
});

serverRuns(describe)("a log on a Redis that is full", () => {
  it("refuses a send whole and at once, is read and trimmed, and goes on", async () => {
    const server = await startServer();
    const open = (retention = {}): Bus => {
      const bus = new Bus({ store: redis(server.url), retention });
      onTestFinished(() => bus.close());
      return bus;
    };
    const [bus, other] = [open({ count: 5 }), open({ count: 5 })];
    await Promise.all([bus.ready(), other.ready()]);
    const pair = (message: unknown) =>
      [
        ["a", message],
        ["b", message],
      ] as const;
    const ids: number[] = [];
    for (let step = 0; step < 20; step += 1) ids.push(...(await bus.sendmany(pair(step))));
    const admin = await server.client();
    await admin.configSet("maxmemory", "1");
    for (const send of [bus.sendmany(pair("x")), bus.sendone("a", "y")]) {
      const error = await failsWith("store", () => send, "Redis could not commit", "OOM");
      assert.deepEqual([error.refused, error.unavailable], [true, false]);
    }
    assert.ok((await open().poll(["a"], 0, 0)).length >= 5);
    await until(() => other.last === bus.last, "the other has heard of it");
    await other.close();
    assert.equal(await admin.xLen("{nightbus}:log"), 5, "it was trimmed");
    await admin.configSet("maxmemory", "0");
    const id = await bus.sendone("c", "z");
    assert.equal(id, ids.at(-1)! + 1, "no id was given out meanwhile");
    const later = open();
    const batch = await later.poll(["a", "c"], ids.at(-11), 0);
    assert.deepEqual([messagesOf(batch), batch.missed], [[15, 16, 17, 18, 19, "z"], false]);
    assert.equal((await later.poll(["a"], ids.at(-13), 0)).missed, true);
    assert.equal((await later.poll(["c"], ids.at(-13), 0)).missed, false);
  });
});

interface Tampering {
  readonly log: string;
  readonly ids: readonly number[];
}

interface KeyTampering {
  readonly keys: string;
  readonly order: string;
  readonly oldest: string;
}
