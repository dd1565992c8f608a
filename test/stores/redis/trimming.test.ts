import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { Engine } from "../../../src/stores/redis/engine.ts";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { redisRuns } from "../engines.ts";
import { keepYoung, trimTogether } from "../together.ts";
import { asking, DEAF } from "./asked.ts";
import { prefixes } from "./prefixes.ts";

const FOREVER = Number.POSITIVE_INFINITY;

redisRuns(describe)("what is trimmed from a stream", () => {
  const prefix = prefixes();

  it("is exactly what it is told to, whatever is trimmed of which sends, in what order and how often", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });
    const batches = fc.array(fc.array(fc.nat(47), { maxLength: 12 }), { maxLength: 6 });
    const { ioredis, key } = prefix();
    const client = ioredis();
    const engine = new Engine(key("").slice(1, -2));
    const ask = ([command, ...args]: readonly string[]): Promise<unknown> => client.call(command!, ...args);
    let life = 0;
    await fc.assert(
      fc.asyncProperty(sizes, batches, async (sizes, batches) => {
        await client.del(key("meta"));
        life += 1;
        await engine.create(ask, `life ${life}`, 1_000_000 * life);
        const sends = sizes.map((size, send) =>
          Array.from({ length: size }, (_, row) => ({ key: `"${row % 3}"`, json: `${send}` })),
        );
        const committed = await engine.append(ask, { hasEpoch: true, seen: 0, base: 0 }, sends);
        const rows = sends.flat().map((row, index) => ({ ...row, id: committed!.first + index }));
        const alive = new Map(rows.map((row) => [row.id, row]));
        const marks = new Map<string, number>();
        for (const batch of batches) {
          const trimmed = batch.flatMap((place) => rows[place] ?? []);
          const [ids, keys] = [trimmed.map(({ id }) => id), trimmed.map((row) => row.key)];
          await engine.trim(ask, { ids, keys, forgotten: [], floor: 0 });
          for (const { id, key } of trimmed) {
            alive.delete(id);
            marks.set(key, Math.max(marks.get(key) ?? 0, id));
          }
        }
        const page = await engine.page(ask, 0, 0);
        assert.deepEqual(
          page?.rows.map(({ id, key, json }) => ({ key, json, id })),
          [...alive.values()],
        );
        assert.deepEqual(new Map(page?.gone?.watermarks), marks);
        assert.deepEqual([page?.begin, page?.last], [committed!.was, committed!.last], "nobody is told missed");
        let first = committed!.first;
        const left = sizes.filter((size) => {
          first += size;
          return Array.from({ length: size }, (_, row) => first - size + row).some((id) => alive.has(id));
        });
        assert.equal(await client.xlen(key("log")), left.length);
        assert.equal(await client.zcard(key("sends")), left.filter((size) => size > 1).length);
        assert.ok((await client.hlen(key("gone"))) <= left.length);
      }),
      { numRuns: 60 },
    );
  });

  it("is the same for processes that trim at the same time", async () => {
    await trimTogether(prefix().bus);
  });

  it("is nothing young, though one process's clock is a day ahead for a while", async () => {
    await keepYoung(prefix().bus);
  });

  it("is the same when an answer is lost, and it is done once more", async () => {
    const { bus: open, ioredis } = prefix();
    const asked = asking(ioredis());
    const retention = { count: 2 };
    const bus = open({ retention }, asked.connection);
    const start = await bus.sendone("begin", 0);
    await bus.sendmany(Array.from({ length: 9 }, (_, index) => ["a", index] as const));
    let losses = 1;
    asked.answered = (name) => {
      if (name === "TRIM" && losses-- > 0) throw new Error("Connection is closed.");
    };
    await bus.close();
    assert.equal(losses, -1, "it was done twice");
    const again = open({ retention });
    const batch = await again.poll(["a"], start, 0);
    assert.deepEqual([messagesOf(batch), batch.missed], [[7, 8], true]);
    assert.deepEqual(messagesOf(await again.poll(["a", "begin"], 0, 0)), [0, 7, 8]);
    assert.equal((await again.poll(["begin"], start, 0)).missed, false);
  });

  it("is gone in a moment, also when it was sent in one piece", async () => {
    const { bus: open, client, key } = prefix();
    const bus = open({ retention: { total: 5 } });
    await bus.sendmany(Array.from({ length: 30_000 }, (_, index) => [`a${index % 10}`, index] as const));
    const before = performance.now();
    await bus.close();
    const took = performance.now() - before;
    assert.ok(took < 3_000, `it took ${took} ms`);
    assert.deepEqual(messagesOf(await open().poll(["a5", "a9"], 0, 0)), [29_995, 29_999]);
    const last = open({ retention: { total: 0 } });
    await last.ready();
    await last.sendone("b", 1);
    await last.close();
    const left = await client();
    assert.deepEqual([await left.xLen(key("log")), await left.exists([key("sends"), key("gone")])], [0, 0]);
  });

  it("is told to who lagged meanwhile, and nothing else is", async () => {
    const { bus: open, ioredis } = prefix();
    const retention = { count: 2 };
    const [clock, deaf] = [new ManualClock(), asking(ioredis())];
    deaf.changes = DEAF;
    const [bus, lagging] = [open({ retention }), open({ retention, clock }, deaf.connection)];
    await Promise.all([bus.ready(), lagging.ready()]);
    const start = await bus.sendone("a", "first");
    const polls = ["a", "b", "c"].map(async (channel) => {
      await lagging.poll([channel], start, 0); // which catches up
      return lagging.poll([channel], start, FOREVER);
    });
    await until(() => lagging.waiting === 3, "they wait");
    for (let step = 0; step < 20; step += 1) {
      await bus.sendmany([
        ["a", step],
        ["c", step],
      ]);
    }
    const seen = await bus.sendone("b", "seen");
    await bus.close(); // by then it has trimmed
    clock.advance(5_000);
    const [a, b, c] = await Promise.all(polls);
    assert.deepEqual([messagesOf(a!), a!.missed], [[18, 19], true]);
    assert.deepEqual([messagesOf(b!), b!.missed, lagging.last], [["seen"], false, seen]);
    assert.deepEqual([messagesOf(c!), c!.missed], [[18, 19], true]);
    const later = open({ retention });
    for (const [channel, missed] of [
      ["a", true],
      ["b", false],
      ["d", false],
    ] as const) {
      assert.equal((await later.poll([channel], start, 0)).missed, missed, channel);
    }
  });

  it("is told to nobody before it can be passed, also when it goes on while it is read", async () => {
    const { bus: open, ioredis } = prefix();
    const retention = { count: 2 };
    const [clock, deaf] = [new ManualClock(), asking(ioredis())];
    deaf.changes = DEAF;
    const lagging = open({ retention, clock }, deaf.connection);
    await lagging.ready();
    const send = async (channel: string): Promise<number> => {
      const bus = open({ retention });
      for (let step = 0; step < 5; step += 1) await bus.sendone(channel, step);
      await bus.close(); // by then it has trimmed
      return bus.last;
    };
    const begin = lagging.last;
    await send("a");
    const polls = ["a", "b"].map((channel) => lagging.poll([channel], begin, FOREVER));
    await until(() => lagging.waiting === 2, "they wait");
    let newest = 0;
    deaf.answered = async (name) => {
      if (name === "PAGE" && newest === 0) newest = await send("b");
    };
    clock.advance(5_000);
    for (const batch of await Promise.all(polls)) {
      assert.deepEqual([messagesOf(batch), batch.missed, batch.last], [[3, 4], true, newest]);
    }
  });
});
